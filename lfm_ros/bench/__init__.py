"""How long lifting takes on this computer, beside what the hardware and a plain network give."""
