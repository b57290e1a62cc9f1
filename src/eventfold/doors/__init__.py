"""The doors: how people and programs outside Python come in. They are thin; what they do stands in the rooms behind."""
