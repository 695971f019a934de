variable "server_licence" {
  description = "`accepted`, once you have read what the README says of the licence of VS Code's server."
  type        = string

  validation {
    condition     = var.server_licence == "accepted"
    error_message = "server_licence has to be \"accepted\": read 'Signing in' in the README first. Without it no workspace starts."
  }
}

variable "alert_email" {
  description = "Who is told when something needs a person: alerts and the budget."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "alert_email is an e-mail address."
  }
}

variable "profiles" {
  description = "The sizes that people choose from, by name. Each is a pool of machines that has none while nobody works, and an entry of the app's setting PROFILES."
  type = map(object({
    # The machine, such as Standard_NC4as_T4_v3, and the most of them at once.
    size     = string
    machines = optional(number, 4)
    # What a workspace gets of it: the machine's own parts need about half a core and 4 GiB.
    cpu    = string
    memory = string
    gpus   = optional(number, 0)
    # A spot machine costs a fraction, and is taken away at any time with half a minute's notice.
    spot = optional(bool, false)
    # US dollars: what `status` and `usage` say, and what the README's table is made of.
    price_per_hour = number
    # Another image than the installation's own, and other times than the settings' (after, presence, …).
    image = optional(string)
    idle  = optional(map(string), {})
  }))

  default = {
    cpu = {
      size           = "Standard_D4as_v5"
      cpu            = "3"
      memory         = "11Gi"
      price_per_hour = 0.17
    }
    t4 = {
      size           = "Standard_NC4as_T4_v3"
      cpu            = "3"
      memory         = "20Gi"
      gpus           = 1
      price_per_hour = 0.53
    }
  }

  validation {
    condition     = length(var.profiles) > 0
    error_message = "profiles has one entry at least."
  }

  validation {
    condition     = alltrue([for name in keys(var.profiles) : can(regex("^[a-z][a-z0-9]{0,11}$", name)) && name != "system"])
    error_message = "A profile's name is the name of its pool: 1 to 12 lower-case letters and digits, beginning with a letter, and not `system`."
  }

  validation {
    condition = alltrue([for profile in values(var.profiles) :
      can(regex("^[0-9]+(\\.[0-9]+)?m?$", profile.cpu)) && can(regex("^[0-9]+(Ki|Mi|Gi|Ti)$", profile.memory))
    ])
    error_message = "cpu and memory of a profile are Kubernetes quantities, such as \"3500m\" and \"20Gi\"."
  }

  validation {
    condition = alltrue([for profile in values(var.profiles) :
      profile.machines >= 1 && profile.machines <= 1000 && profile.gpus >= 0 && profile.price_per_hour >= 0
    ])
    error_message = "A profile has 1 to 1000 machines, no negative number of GPUs and no negative price."
  }

  validation {
    condition     = alltrue([for profile in values(var.profiles) : startswith(profile.size, "Standard_")])
    error_message = "size is the name of a machine's size, such as Standard_NC4as_T4_v3."
  }
}

variable "default_profile" {
  description = "The profile of those who name none."
  type        = string
  default     = "t4"

  validation {
    condition     = contains(keys(var.profiles), var.default_profile)
    error_message = "default_profile is the name of one of the profiles."
  }
}

variable "profile_groups" {
  description = "By a group's object id, the profiles that only its people may start."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = alltrue([for names in values(var.profile_groups) : alltrue([for name in names : contains(keys(var.profiles), name)])])
    error_message = "profile_groups names only profiles that there are."
  }
}

variable "images" {
  description = "The tags of the images `platform` and `workspace` in the registry; infra/deploy builds and names them."
  type = object({
    platform  = string
    workspace = string
  })
  default = { platform = "1", workspace = "1" }
}

variable "allowed_images" {
  description = "Patterns of images that a member may name at a start, besides everything in the installation's own registry; * stands for anything."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "Other settings of the app, by name: all that src/config/table.rs lists and that is not made here, such as NIGHT_FROM or RETENTION."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^[A-Z][A-Z_]*$", name))])
    error_message = "A setting's name has capital letters and _ alone."
  }

  validation {
    condition     = !contains(keys(var.settings), "CLIENT_STATE")
    error_message = "CLIENT_STATE is a secret and is made here; raise client_state_version for another one."
  }
}

variable "members_replication" {
  description = "How the members' containers are kept: ZRS in three places of the region, LRS in one where a region has no more."
  type        = string
  default     = "ZRS"

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS"], var.members_replication)
    error_message = "members_replication is LRS, ZRS, GRS or GZRS."
  }
}

variable "client_state_version" {
  description = "Raise it, and the secret that Graph's notifications carry is another one; `reconcile` then renews the subscription."
  type        = number
  default     = 1
}

variable "kubernetes_version" {
  description = "The cluster's minor version. Its patches come by themselves in the maintenance window; a minor version comes when it is written here."
  type        = string
  default     = "1.36"

  validation {
    condition     = can(regex("^1\\.[0-9]+$", var.kubernetes_version))
    error_message = "kubernetes_version is a minor version, such as 1.36: `az aks get-versions` lists them."
  }
}

variable "system_pool" {
  description = "The machines that the cluster's own parts run on: the standing cost. Two or more of them survive the loss of one."
  type = object({
    size           = optional(string, "Standard_D4as_v5")
    least          = optional(number, 1)
    most           = optional(number, 2)
    price_per_hour = optional(number, 0.172)
  })
  default = {}

  validation {
    condition     = var.system_pool.least >= 1 && var.system_pool.most >= var.system_pool.least
    error_message = "system_pool has one machine at least, and `most` is not less than `least`."
  }
}

variable "cluster_tier" {
  description = "Free, or Standard for a control plane with a guaranteed availability (about 73 US dollars a month)."
  type        = string
  default     = "Free"

  validation {
    condition     = contains(["Free", "Standard"], var.cluster_tier)
    error_message = "cluster_tier is Free or Standard."
  }
}

variable "maintenance" {
  description = "When the cluster and its machines are patched, each week. Let it begin after the night's hard bound (NIGHT_UNTIL in settings), when everything is off: machines with somebody on them are left as they are."
  type = object({
    day        = optional(string, "Sunday")
    start      = optional(string, "06:00")
    hours      = optional(number, 4)
    utc_offset = optional(string, "+00:00")
  })
  default = {}

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance.day)
    error_message = "maintenance.day is a day of the week, such as Sunday."
  }

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.maintenance.start)) && can(regex("^[+-][01][0-9]:[0-5][0-9]$", var.maintenance.utc_offset))
    error_message = "maintenance.start is a time of day such as 06:00, and utc_offset one such as +01:00."
  }

  validation {
    condition     = var.maintenance.hours >= 4 && var.maintenance.hours <= 24
    error_message = "maintenance.hours is from 4, which is the least that AKS takes, to 24."
  }
}

variable "budget" {
  description = "US dollars a month, of the resource group and the machines' own group together. At 80 % of it, forecast or spent, and at 100 %, alert_email is told; nothing is stopped."
  type        = number
  default     = 500

  validation {
    condition     = var.budget > 0
    error_message = "budget is more than nothing."
  }
}

variable "daily_log_gb" {
  description = "How many GB of logs are taken in a day at most: a bound for the cost of a flood."
  type        = number
  default     = 1

  validation {
    condition     = var.daily_log_gb > 0
    error_message = "daily_log_gb is more than nothing."
  }
}

variable "largest_scale" {
  description = "How many instances of the function app there are at most."
  type        = number
  default     = 40

  validation {
    condition     = var.largest_scale >= 1 && var.largest_scale <= 1000
    error_message = "largest_scale is from 1 to 1000."
  }
}
