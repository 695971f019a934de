module "profiles" {
  source = "./profiles"

  profiles = var.profiles
  image    = "${local.registry_host}/workspace:${var.images.workspace}"
}
