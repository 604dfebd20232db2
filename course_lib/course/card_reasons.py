"""Why a fact of our card differs from the published one: one sentence each, exact for the training at hand.

Keys are `section/fact`, or a section for all its other facts. Braces are filled from both cards and the run's record.
"""

from course_lib.training.cards import Card, peak_learning_rate
from course_lib.training.recipes import Recipe
from course_lib.training.runs import LOGGED_STEPS

DEFAULT_OF_THE_LIBRARY = (
    "The published value is the default of TrainingArguments, which fit() does not go by; ours was used"
)
NOT_HERE = "Version {new} of the library does not print it here."
NEWER = "Version {new} of the library prints it, version {old} did not."
UNSAID = "The published training did not tell the library; ours did."
STEPS = "Our trainer is told its steps, {steps} of the {planned} that {epochs} epochs have."
EVAL_BATCH = "fit() sets it to the training batch; our trainer evaluates nothing and leaves the default."
ROUND_ROBIN = "fit() always sets it; with a single dataset it changes nothing."
BF16 = "Measured on our machine: a matrix product takes {bf16} s in bf16 and {fp32} s in fp32."
CPU = "Our machine has no accelerator that PyTorch can use."

WHY = {
    "Metadata/tags": "Version {new} tags the kind of vectors too, and the number of rows is each training's own.",
    "Metadata/widget": "The examples are drawn from each training's own rows.",
    "Model Description/Base model": "The published weights were not at hand; ours are {encoder}.",
    "Model Description/Base model revision": "Our weights did not come from the hub, and only the hub has commits.",
    "Model Description/Output Dimensionality": "Version {old} of the library printed another unit.",
    "Model Description/Supported Modality": NEWER,
    "Model Description/Training Dataset": UNSAID,
    "Model Description/Language": UNSAID,
    "Model Description/License": UNSAID,
    "Model Sources/Repository": "The library has moved to another organisation.",
    "Full Model Architecture/max_seq_length": NOT_HERE,
    "Full Model Architecture/do_lower_case": NOT_HERE,
    "Evaluation": "The published card reports none; ours has scores on held-out data.",
    "Training Dataset/Size": "Our training had {rows} rows.",
    "Training Dataset/Rows in the statistics": "Version {old} took the first 1,000 rows, version {new} at most 100.",
    "Non-Default Hyperparameters/per_device_eval_batch_size": EVAL_BATCH,
    "Non-Default Hyperparameters/multi_dataset_batch_sampler": ROUND_ROBIN,
    "Non-Default Hyperparameters/max_steps": STEPS,
    "Non-Default Hyperparameters/learning_rate": "Our recipe, {recipe}, reads the card so.",
    "Non-Default Hyperparameters/weight_decay": "Our recipe, {recipe}, reads the card so.",
    "Non-Default Hyperparameters/warmup_steps": "Our recipe, {recipe}, reads the card so.",
    "Non-Default Hyperparameters/bf16": BF16,
    "Non-Default Hyperparameters/use_cpu": CPU,
    "Non-Default Hyperparameters/dataloader_pin_memory": "Memory is pinned for an accelerator, and ours has none.",
    "Non-Default Hyperparameters/logging_nan_inf_filter": "A loss that is no number shall stop our training.",
    "Non-Default Hyperparameters/disable_tqdm": "The course shows a bar of its own.",
    "All Hyperparameters/Listed": "Each version of the library lists the parameters that it has.",
    "All Hyperparameters/learning_rate": DEFAULT_OF_THE_LIBRARY + ", with a peak of {peak} in step {at} of {steps}.",
    "All Hyperparameters/weight_decay": DEFAULT_OF_THE_LIBRARY + ".",
    "All Hyperparameters/warmup_steps": DEFAULT_OF_THE_LIBRARY + ".",
    "All Hyperparameters/num_train_epochs": "In ours max_steps overrules it: {steps} of {planned} steps were run.",
    "All Hyperparameters/per_device_train_batch_size": "Ours is the share of each of {processes} processes.",
    "All Hyperparameters/dataloader_drop_last": "Our {processes} processes need batches of one size.",
    "All Hyperparameters/warmup_ratio": "Version {new} has warmup_steps in its place.",
    "All Hyperparameters/optim": "The published value is a default that fit() does not go by; ours is AdamW, fused.",
    "All Hyperparameters/max_steps": STEPS,
    "All Hyperparameters/bf16": BF16,
    "All Hyperparameters/use_cpu": CPU,
    "All Hyperparameters/per_device_eval_batch_size": EVAL_BATCH,
    "All Hyperparameters/multi_dataset_batch_sampler": ROUND_ROBIN,
    "All Hyperparameters/batch_sampler": "No sampler of one's own is listed; ours joins rows of one anchor or length.",
    "Training Logs/Rows": "The library logs every 500 steps unless told otherwise, and our trainer is told.",
    "Training Logs/Last step": "The library logs every 500 steps unless told otherwise, and our trainer is told.",
    "Training Logs/Epoch at step 500": "Our training ended with step {steps}, and had {rows} rows an epoch.",
    "Training Logs/Mean loss, at most 500 steps": "{unlike}: a training loss compares with itself alone.",
    "Training Time": NEWER,
    "Framework Versions": "Each training ran on the versions of its day.",
    "Additional Resources": NEWER,
    "Citation/MultipleNegativesRankingLoss": "Version {new} cites another paper for the same loss.",
    "As Trained": "The library has no place for it; the course writes it.",
}
TOKENS = "Other texts, and other numbers of rows in the statistics."
LOSS_PARAMETER = "Version {new} has this parameter and version {old} had not; its default leaves the loss as it was."
ALSO_WHEN_EQUAL = {
    f"All Hyperparameters/{name}" for name in ("learning_rate", "weight_decay", "warmup_steps", "num_train_epochs")
}
BY_STATE = {
    "differs": "Each training's own value.",
    "absent on ours": "Our card leaves it out.",
    "absent on the published card": "The published card leaves it out.",
    "absent on both": "Both cards leave it out.",
    "present": "",
}
BY_SECTION_AND_STATE = {
    ("All Hyperparameters", "absent on ours"): "Version {new} of the library does not list it.",
    ("Non-Default Hyperparameters", "absent on ours"): "Ours leaves it at its default.",
    ("Non-Default Hyperparameters", "absent on the published card"): "The published card does not name it as changed.",
    ("Evaluation", "absent on both"): "The published card reports none, and no scores were written into ours.",
    ("Bias, Risks and Limitations", "absent on both"): "The library leaves it to the author, and neither card has any.",
}


class Reasons:
    """The sentences for one pair of cards."""

    def __init__(self, published: Card, ours: Card, record: dict):
        self.sections = ours.sections
        peak, at = peak_learning_rate(Recipe(**record["recipe"]), record["steps"])
        self.values = {
            "old": published.sections["Framework Versions"]["Sentence Transformers"],
            "new": record["versions"]["sentence-transformers"],
            "encoder": record["encoder"],
            "recipe": record["recipe"]["name"],
            "epochs": record["recipe"]["epochs"],
            "rows": f"{record['rows']:,}",
            "steps": record["steps"],
            "planned": record["planned_steps"],
            "bf16": record["precision"]["bf16_seconds"],
            "fp32": record["precision"]["fp32_seconds"],
            "peak": f"{peak:.3g}",
            "at": at,
            "processes": record["processes"],
            "unlike": _unlike(record),
        }

    def why(self, section: str, fact: str, state: str) -> str:
        """Empty for equal facts, but for those whose printed value is not what was used."""
        key = f"{section}/{fact}"
        if state == "present" and key not in ALSO_WHEN_EQUAL:
            return ""
        return self._sentence(section, fact, key, state).format(**self.values)

    def _sentence(self, section: str, fact: str, key: str, state: str) -> str:
        fallback = BY_SECTION_AND_STATE.get((section, state), BY_STATE[state])
        if state == "absent on both" or (state == "absent on ours" and section not in self.sections):
            return fallback if state == "absent on both" else BY_STATE[state]
        if section == "Training Dataset" and fact.endswith(" tokens"):
            return TOKENS
        if section == "Training Dataset" and fact.startswith("Loss, ") and state == "absent on the published card":
            return LOSS_PARAMETER
        return WHY.get(key) or WHY.get(section) or fallback


def _unlike(record: dict) -> str:
    """What sets our mean loss apart from the published one."""
    found = ["Other rows"]
    if record["stand_in_for"]:
        found.append("another encoder")
    if record["steps"] < LOGGED_STEPS:
        found.append(f"{record['steps']} steps in place of {LOGGED_STEPS}")
    return ", ".join(found)
