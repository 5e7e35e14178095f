from nasframe.testing.spaces import SpaceContract
from nasframe_autodeeplab.space import AutoDeepLab

SMALL = {"layers": 3, "levels": 3, "blocks": 2, "filters": 4}


class TestAutoDeepLab(SpaceContract):
    space = AutoDeepLab(AutoDeepLab.Options(**SMALL))


class TestAutoDeepLabWrittenOutPlainly(SpaceContract):
    space = AutoDeepLab(AutoDeepLab.Options(**SMALL, implementation="plain"))


class TestAutoDeepLabWithOneLevelAndFewOperations(SpaceContract):
    space = AutoDeepLab(
        AutoDeepLab.Options(layers=1, levels=1, blocks=3, filters=3, operations=("zero", "max_pool_3x3", "skip"))
    )


class TestAutoDeepLabInItsOtherReadings(SpaceContract):
    space = AutoDeepLab(
        AutoDeepLab.Options(
            **{**SMALL, "layers": 2},
            reduction="factorised",
            share_node_weights=False,
            atrous_separable=True,
            sep_repeats=1,
            bn_affine=True,
            pool_norm=False,
            stem_filters=(5, 7),
            checkpoint=True,
            decode="unbiased",
            network=AutoDeepLab.Options().network.model_copy(
                update={"aspp_separable": True, "decoder_separable": True, "image_pooling": False}
            ),
        )
    )
