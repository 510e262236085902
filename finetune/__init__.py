"""From records to adapters: the plan, MindFormers' YAML, the msrun launch and the worker."""
