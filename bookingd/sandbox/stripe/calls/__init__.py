"""The calls that the stand-in takes, by the objects that they are about; `routes` has them all."""
