"""The only room that knows an order: the steps of the main job."""
