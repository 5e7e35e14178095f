"""U-Nets (Ronneberger et al., MICCAI 2015), of which depth, operations and skip connections are searched."""

import nasframe


@nasframe.hookimpl
def nasframe_components():
    return [nasframe.Component("space", "unet", "nasframe_unet.space:UNet", "U-Nets of conditional depth")]
