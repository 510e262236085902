"""What the main job does beside a step that takes long."""
