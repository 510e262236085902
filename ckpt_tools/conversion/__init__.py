"""From the names of one library to those of another, with the rotary order that each of them wants."""
