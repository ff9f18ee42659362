"""What people look at: pictures, explanations and the stepper. Each reads a `Snapshot` and nothing else."""
