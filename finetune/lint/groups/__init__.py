"""Groups of checks of training settings, a module each: `CHECKS`, a tuple of `finetune.lint.Check`."""
