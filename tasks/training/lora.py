"""Fine-tuning with low-rank adapters."""

from __future__ import annotations

from suite.core.work import Method

from .fine_tuning import FineTuning


class LowRankAdaptation(FineTuning):
    """Teach a pre-trained encoder what a message is about by adapters beside its frozen weights. Documented with peft.

    The reference trains all weights: what an adapter keeps of its accuracy, and costs of its time, is read off.
    """

    name = "lora"
    quick_backends = ("lora-8",)

    def takes_method(self, method: Method) -> bool:
        return method == Method() or method.rank is not None
