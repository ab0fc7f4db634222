"""Simultaneous Learning Knowledge Distillation: students, scale conversion, extractors, losses and the distiller."""
