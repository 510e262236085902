"""The report and its pictures: figures that are looked up, plots, screenshots."""
