"""Numbers that are nearly free and may rank candidates; ``nasframe signal`` says where they do."""

from nasframe import Component, hookimpl


@hookimpl
def nasframe_components() -> list[Component]:
    """Six proxies; none is imported here."""
    gradients, jacobians, training = (f"nasframe_proxies.{name}" for name in ("gradients", "responses", "training"))
    return [
        Component("proxy", "grad-norm", f"{gradients}:GradNorm", "Norms of the weights' gradients at initialisation."),
        Component("proxy", "snip", f"{gradients}:Snip", "Sensitivity of the loss to the weights (SNIP, 2019)."),
        Component("proxy", "synflow", f"{gradients}:SynFlow", "Synaptic saliency without data (SynFlow, 2020)."),
        Component("proxy", "naswot", f"{jacobians}:Naswot", "How far ReLUs tell examples apart (NASWOT, 2021)."),
        Component("proxy", "jacob-cov", f"{jacobians}:JacobCov", "Covariance of the examples' jacobians (2020)."),
        Component("proxy", "training-loss", f"{training}:TrainingLoss", "Loss of a short training (TSE-E, 2021)."),
    ]
