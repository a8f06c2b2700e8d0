"""How the figures hold when the images are altered: other machines, archives and habits."""
