terraform {
  required_version = ">= 1.11"

  required_providers {
    azapi = {
      source  = "azure/azapi"
      version = "~> 2.12"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.81.0, < 6.0.0"
    }
  }
}

provider "azurerm" {
  subscription_id     = var.identity.subscription_id
  storage_use_azuread = true

  # infra/identity has registered what is needed.
  resource_provider_registrations = "none"

  features {
    # The accounts have no keys: nothing is asked of their data.
    storage {
      data_plane_available = false
    }
  }
}

provider "azapi" {
  subscription_id = var.identity.subscription_id
}
