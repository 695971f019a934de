# Copy this to terraform.tfvars. variables.tf says what else there is.
server_licence = "accepted" # once you have read what the README says of it
alert_email    = "people@example.com"

# Each profile is a pool of machines that costs nothing while nobody works.
profiles = {
  t4 = {
    size           = "Standard_NC4as_T4_v3"
    cpu            = "3"
    memory         = "20Gi"
    gpus           = 1
    price_per_hour = 0.53
  }
  a100 = {
    size           = "Standard_NC24ads_A100_v4"
    machines       = 2
    cpu            = "22"
    memory         = "200Gi"
    gpus           = 1
    price_per_hour = 3.67
    idle           = { after = "30min" }
  }
}
default_profile = "t4"

settings = {
  NIGHT_FROM  = "20:00"
  NIGHT_UNTIL = "06:00"
  TIME_ZONE   = "Europe/Berlin"
}
