variable "profiles" {
  description = "The variable `profiles` of infra/platform, which says what each attribute is."
  type = map(object({
    size           = string
    machines       = optional(number, 4)
    cpu            = string
    memory         = string
    gpus           = optional(number, 0)
    spot           = optional(bool, false)
    price_per_hour = number
    image          = optional(string)
    idle           = optional(map(string), {})
  }))
}

variable "image" {
  description = "The image of the profiles that name none."
  type        = string
}
