# Of the subscription, because the machines are in a group of their own.
resource "azurerm_consumption_budget_subscription" "dcaas" {
  name            = var.identity.name
  subscription_id = "/subscriptions/${var.identity.subscription_id}"
  amount          = var.budget
  time_grain      = "Monthly"

  filter {
    dimension {
      name   = "ResourceGroupName"
      values = [var.identity.resource_group, local.node_group]
    }
  }

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00Z", plantimestamp())
  }

  dynamic "notification" {
    for_each = [
      { threshold = 80, type = "Forecasted" },
      { threshold = 80, type = "Actual" },
      { threshold = 100, type = "Actual" },
    ]

    content {
      threshold      = notification.value.threshold
      threshold_type = notification.value.type
      operator       = "GreaterThan"
      contact_emails = [var.alert_email]
    }
  }

  # It began when it was made.
  lifecycle {
    ignore_changes = [time_period]
  }
}
