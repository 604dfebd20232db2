"""NanoBEIR: small English retrieval tasks of other fields, read from the hub: a wider look at what training cost."""

from collections.abc import Sequence

from sentence_transformers import SentenceTransformer

from course_lib.errors import CourseError

HUB_NAME = "sentence-transformers/NanoBEIR-en"


def scores(model: SentenceTransformer, names: Sequence[str] = ()) -> dict[str, float]:
    """Dataset -> nDCG@10 of fifty queries against a few thousand documents; all thirteen datasets without `names`.

    Last comes the mean of them. By cosine, whatever the model's own similarity is; computed by sentence-transformers'
    NanoBEIREvaluator. Raises CourseError for a name that is no dataset of it, and when the hub cannot be reached.
    """
    from sentence_transformers.sentence_transformer.evaluation import NanoBEIREvaluator
    from sentence_transformers.util import cos_sim

    try:
        evaluator = NanoBEIREvaluator(
            list(names) or None, HUB_NAME, write_csv=False, score_functions={"cosine": cos_sim}
        )
    except ValueError as error:
        cause = str(error.__cause__ or error).partition("\n")[0].rstrip(".")
        raise CourseError(f"NanoBEIR cannot be read ({cause}): go online, or leave --nanobeir out.") from error
    found = evaluator(model)
    ending = "_cosine_ndcg@10"
    return {key.removesuffix(ending): value for key, value in found.items() if key.endswith(ending)}
