"""What a level may compute; ``network`` says how."""

OPERATIONS = ("conv_3x3", "residual_3x3", "sep_3x3")
