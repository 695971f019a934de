variable "subscription_id" {
  description = "The subscription that everything is made in, a GUID."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id))
    error_message = "subscription_id is a GUID in lower case: `az account show --query id --output tsv` prints it."
  }
}

variable "name" {
  description = "The function app's name, and so its address: https://NAME.azurewebsites.net. Nobody else in Azure may have it."
  type        = string

  # Storage accounts and the registry are named after it: 24 characters without dashes, four of them for a suffix.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name)) && length(replace(var.name, "-", "")) >= 5 && length(replace(var.name, "-", "")) <= 20
    error_message = "name has 5 to 20 lower-case letters and digits, dashes between them, and begins with a letter."
  }
}

variable "location" {
  description = "The region: one that has Flex Consumption and the GPU sizes of your profiles."
  type        = string
  default     = "westeurope"

  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "location is a region's short name, such as westeurope: `az account list-locations --query [].name` lists them."
  }
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
}
