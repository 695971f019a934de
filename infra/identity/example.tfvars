# Copy this to terraform.tfvars. variables.tf says what else there is.
subscription_id = "00000000-0000-0000-0000-000000000000"
name            = "dcaas-example"
location        = "westeurope"
