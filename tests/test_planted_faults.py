"""Each fault that formulas, data or pages can have turns the checks red, which name the place.

Faults that do not touch each other are planted together, each in a copy of the project, and the
tests that can see them run there once. tests/pages/test_planted_faults.py has those of a page's own
syntax, and those that only the build sees.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest

from _evidence.published import row
from tests.evidence import test_printed
from tests.pages.copies import lay_all, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Fault(NamedTuple):
    """A change to one file, and what one line about a failed test must then say."""

    file: str
    old: str
    new: str
    line: str
    """A pattern for the name of the failed test and its message."""
    after: str = ""
    """A text in the file after which the change is made."""
    times: int = 1
    """How many of what is to be changed are changed."""


FORMULAS = {
    "a changed constant: bits of NF4": Fault(
        *("dlp/units.py", '"nf4": 4 * 512 + 256', '"nf4": 4 * 512 + 255'),
        r"test_documented_table_agrees|test_a_documented_table_agrees.*bits_per_parameter",
    ),
    "a changed constant: bytes of a block in GGUF": Fault(
        *("dlp/quantization.py", '"Q4_K": (256, 144)', '"Q4_K": (256, 145)'),
        r"quantization.json, .*Q4_K.* computes 4\.53125",
    ),
    "a changed constant: bytes of AdamW": Fault(
        *("dlp/memory.py", '"adamw": 8 * 256', '"adamw": 7 * 256'),
        r"test_a_documented_table_agrees.*optimizer_bytes_per_parameter.* adamw",
    ),
    "a changed constant: the stage that shards gradients": Fault(
        *("dlp/parallel.py", '"gradients": 2,', '"gradients": 3,'),
        r"test_parallel.py::.*gradients|training-memory.json, .* sharded_state_bytes computes",
    ),
    "a changed constant: FLOPs of a parameter": Fault(
        *("dlp/compute.py", "else 6) * num_parameters", "else 5) * num_parameters"),
        r"the docstring of training_flops says .*, but the function returns",
    ),
    "a changed constant: layers of a named model": Fault(
        *("dlp/models.py", '"num_hidden_layers": 28', '"num_hidden_layers": 27'),
        r"test_a_named_model_has_the_published_shape\[QWEN2_5_7B\]",
    ),
    "a sum for a product": Fault(
        *("dlp/adapters.py", "return r * (in_features + out", "return r + (in_features + out"),
        r"peft.json, .* counts \d+|adapters.json, .* lora_parameters computes",
    ),
    "a rounding the wrong way": Fault(
        *(
            "dlp/steps.py",
            "return -(-num_samples // samples_at",
            "return (num_samples // samples_at",
        ),
        r"the docstring of micro_batches_per_epoch says .*lceil",
    ),
    "a formula in a docstring that is not the function's": Fault(
        *(
            "dlp/transformer.py",
            r"$$3 \times \text{hidden\_size}",
            r"$$4 \times \text{hidden\_size}",
        ),
        r"the docstring of mlp_parameters says 4 .*, but the function returns",
    ),
    "a letter in a formula that is no argument": Fault(
        *("dlp/heads.py", r"$$\text{hidden\_size} \times", r"$$\text{hiden\_size} \times"),
        r"classification_head_parameters.*hiden",
    ),
    "an example with a wrong result": Fault(
        *("dlp/units.py", "        28.0\n", "        29.0\n"),
        r"^FAILED dlp/units.py::dlp.units.gigabytes",
    ),
    "a renamed argument": Fault(
        *("dlp/steps.py", "dataset_tokens", "tokens_in_dataset"),
        r"add to ARGUMENTS\['epochs_seen'\] valid values of tokens_in_dataset",
        times=-1,
    ),
    "a function without arguments to try it on": Fault(
        *("tests/formulas/calls.py", '"tokens_per_epoch": {', '"tokens_an_epoch": {'),
        r"add to ARGUMENTS\['tokens_per_epoch'\] valid values of num_samples, sequence_length",
    ),
    "a public name that is not exported": Fault(
        *("dlp/steps.py", "\nLEFTOVERS = ", "\nLEFT = 1\n\nLEFTOVERS = "),
        r"test_the_package_exports_every_public_name.*LEFT",
    ),
    "a constant without a docstring": Fault(
        *("dlp/objective.py", '"""The label of a token that', '_ = """The label of a token that'),
        r"test_a_constant_says_what_it_is\[dlp.objective.IGNORE_INDEX\]",
    ),
    "an import against the direction of the rooms": Fault(
        *("dlp/steps.py", "from dlp import _check\n", "from dlp import _check, units\n"),
        r"dlp/steps.py:\d+: steps must not build on units",
    ),
    "a module that no browser has": Fault(
        *(
            "dlp/heads.py",
            "from dlp import _check\n",
            "import fractions\n\nfrom dlp import _check\n",
        ),
        r"dlp/heads.py would not run in a browser: .*line \d+: import nothing but math and dlp",
    ),
    "an argument that is not checked": Fault(
        *("dlp/transformer.py", '    _check.count("head_dim", head_dim)\n', ""),
        r"test_a_value_of_another_kind_never_passes\[attention_parameters-head_dim\]",
    ),
    "a range that is one too wide": Fault(
        *("dlp/quantization.py", '("bits", bits, maximum=16)', '("bits", bits, maximum=17)'),
        r"from_one_end.*\[blockwise_bits_per_parameter-bits",
    ),
    "a law that is gone": Fault(
        *("docs/_evidence/laws.toml", '"zero_stage"', '"sharded_state_bytes"'),
        r"test_every_formula_has_a_law - .*write a law that \['zero_stage'\] must keep",
        times=-1,
    ),
    "arguments of a function that is gone": Fault(
        *(
            "tests/formulas/calls.py",
            '    "zero_stage": {',
            '    "zero_grade": {},\n    "zero_stage": {',
        ),
        r"test_no_arguments_are_kept_for_functions_that_are_gone",
    ),
}

DATA = {
    "a wrong count of a model": Fault(
        *("docs/_evidence/counted/parameters.json", '"total": ', '"total": 1'),
        r"parameters.json, Flan-T5-small: .* counts 1\d+",
        after='"id": "Flan-T5-small"',
    ),
    "a wrong count of an adapter": Fault(
        *("docs/_evidence/counted/peft.json", '"trainable": 2097152', '"trainable": 2097153'),
        r"peft.json, Llama-2-7B, r=4, q_proj\+v_proj: .* counts 2097153",
        after='"id": "Llama-2-7B, r=4, q_proj+v_proj"',
    ),
    "a wrong count of updates": Fault(
        *("docs/_evidence/counted/updates.json", "[4, 9]", "[4, 8]"),
        r"updates.json, hand-written loop, N=65, b=16, g=4, epochs=2: .* counts \[4, 8\]",
        after='"id": "hand-written loop, N=65, b=16, g=4, epochs=2"',
    ),
    "a wrong count of a head": Fault(
        *("docs/_evidence/counted/heads.json", '"total": 1538', '"total": 1539'),
        r"heads.json, BertForSequenceClassification, 768 wide, 2 labels: .* counts 1539",
        after='"id": "BertForSequenceClassification, 768 wide, 2 labels"',
    ),
    "a wrong number of bytes": Fault(
        *(
            "docs/_evidence/counted/states.json",
            '"weight_bytes": 117612544',
            '"weight_bytes": 117612540',
        ),
        r"states.json, model state, full, SGD: .* counts 117612540",
        after='"id": "model state, full, SGD"',
    ),
    "a wrong loss": Fault(
        *("docs/_evidence/counted/objective.json", '"mean": 3.40', '"mean": 3.41'),
        r"objective.json, cross-entropy, every token: .* counts 3\.41",
        after='"id": "cross-entropy, every token"',
    ),
    "a wrong published value": Fault(
        *("docs/_evidence/printed/loading.json", '"1.863"', '"1.864"'),
        r"loading.json, A billion parameters in fp16: .*prints 1.864 GiB",
    ),
    "a wrong unit of a published value": Fault(
        *("docs/_evidence/printed/cache.json", '"KiB"', '"KB"'),
        r"cache.json, OPT-13B, one token: .*prints 800 KB",
        after='"id": "OPT-13B, one token"',
    ),
    "a wrong rounding of a published value": Fault(
        *("docs/_evidence/printed/adapters.json", '"rounded"', '"exact"'),
        r"adapters.json, LoRA Table 15, q\+v, r=1: .*prints 4.7 M parameters \(exact\)",
        after='"id": "LoRA Table 15, q+v, r=1"',
    ),
    "a wrong argument of a published value": Fault(
        *("docs/_evidence/printed/steps.json", '"num_devices": 8', '"num_devices": 7'),
        r"steps.json, nanoGPT, tokens per iteration: .*computes 430080",
        after='"id": "nanoGPT, tokens per iteration"',
    ),
    "an erratum that comes out after all": Fault(
        "docs/_evidence/printed/compute.json",
        '"rounding": "rounded"',
        '"rounding": "rounded",\n"verdict": "erratum",\n"reason": "A slip."',
        r"compute.json, GPT-3 Table D.1, T5-Small, FLOPs: .*it comes out after all",
        after='"id": "GPT-3 Table D.1, T5-Small, FLOPs"',
    ),
    "a source that does not exist": Fault(
        *("docs/_evidence/printed/heads.json", '"source": "peft"', '"source": "no-such"'),
        r"heads.json, .*: add no-such to docs/_evidence/sources.toml",
    ),
    "a swapped argument on a page": Fault(
        "docs/questions/iterations-per-epoch.md",
        "num_samples=1_000_000,\n        per_device_train_batch_size=16",
        "num_samples=16,\n        per_device_train_batch_size=1_000_000",
        r"docs/questions/iterations-per-epoch.md:\d+: a block fails: AssertionError",
    ),
    "a wrong number typed in prose": Fault(
        "docs/questions/memory-to-load.md",
        "\n## Why\n\n",
        "\n## Why\n\nThe weights take 29 GB. ",
        r"docs/questions/memory-to-load.md:\d+: 29 is typed by hand",
    ),
    "a wrong number typed in a text of the guide": Fault(
        "docs/_guide/parts.py",
        "annotations\n",
        'annotations\n\nHINT = "All 29 GB of it."\n',
        r"parts.py:\d+: 29 is typed by hand",
    ),
    "a term of the glossary out of its order": Fault(
        "docs/_guide/engine/glossary.py",
        "TERMS = {",
        'TERMS = {\n    "zzz": "The last term.",',
        r"test_the_glossary_is_in_alphabetical_order",
    ),
}

FORMULA_TESTS = "tests/formulas/test_"
TESTS = {
    "sound": [
        *(
            "tests/pages/test_pages.py",
            f"{FORMULA_TESTS}public_api.py",
            "tests/evidence/test_printed.py",
        ),
    ],
    "formulas": [
        *("dlp", "tests/evidence/test_printed.py", "tests/evidence/test_records.py"),
        *(f"{FORMULA_TESTS}{name}.py" for name in ("boundaries", "dialect", "public_api", "rooms")),
        f"{FORMULA_TESTS}worked_solutions.py::test_every_step_comes_to_what_its_function_returns",
        f"{FORMULA_TESTS}refusals.py::test_every_public_function_has_valid_arguments_to_start_from",
        f"{FORMULA_TESTS}refusals.py::test_no_arguments_are_kept_for_functions_that_are_gone",
        f"{FORMULA_TESTS}refusals.py::test_a_value_of_another_kind_never_passes",
        "tests/evidence/test_laws.py",
    ],
    "data": [
        *("tests/evidence/test_printed.py", "tests/evidence/test_records.py"),
        *("tests/pages/test_pages.py", "tests/pages/test_figures.py"),
    ],
}
"""The tests that see the faults of a copy."""

Failed = dict[str, Future[list[str]]]


def plant(folder: Path, faults: dict[str, Fault]) -> None:
    """Make the changes in a copy of the project."""
    for fault in faults.values():
        path = folder / fault.file
        text = path.read_text(encoding="utf-8")
        start = text.index(fault.after)
        assert fault.old in text[start:], f"{fault.file}: nothing to change: {fault.old}"
        changed = text[:start] + text[start:].replace(fault.old, fault.new, fault.times)
        path.write_text(changed, encoding="utf-8")


def failures(folder: Path, faults: dict[str, Fault], tests: list[str]) -> list[str]:
    """Run tests in a copy with faults and give a line for each that fails."""
    lay_all(folder)
    plant(folder, faults)
    done = run(
        folder,
        *("-m", "pytest", "-q", "--tb=no", "-rfE", "-p", "no:randomly", "-p", "no:cacheprovider"),
        "--continue-on-collection-errors",
        *("-m", "not libraries", *tests),
    )
    assert done.returncode in {0, 1}, done.stdout[-3000:] + done.stderr
    return re.findall(r"^(?:FAILED|ERROR) .*", done.stdout, re.M)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failed]:
    """Run the tests of all copies at once."""
    planted: dict[str, dict[str, Fault]] = {"sound": {}, "formulas": FORMULAS, "data": DATA}
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        patch.setenv("COLUMNS", "600")  # the lines of a summary are cut off there
        yield {
            name: pool.submit(failures, tmp_path_factory.mktemp(name), faults, TESTS[name])
            for name, faults in planted.items()
        }


def test_there_are_enough_faults_and_each_is_another() -> None:
    changes = {fault[:3] for fault in [*FORMULAS.values(), *DATA.values()]}
    assert len(changes) == len(FORMULAS) + len(DATA) >= 25


def test_a_copy_without_a_fault_passes(failed: Failed) -> None:
    assert not failed["sound"].result()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_fault_in_the_formulas_is_found(failed: Failed, name: str) -> None:
    lines = failed["formulas"].result()
    assert any(re.search(FORMULAS[name].line, line) for line in lines), "\n".join(lines)


@pytest.mark.parametrize("name", DATA)
def test_a_fault_in_data_or_pages_is_found(failed: Failed, name: str) -> None:
    lines = failed["data"].result()
    assert any(re.search(DATA[name].line, line) for line in lines), "\n".join(lines)


# --- Rows that are not well formed ----------------------------------------------------------

ROW = {
    "id": "A row",
    "function": "weight_bytes",
    "arguments": {"num_parameters": 7_000_000_000, "dtype": "fp32"},
    "published": "28",
    "unit": "GB",
    "rounding": "exact",
    "source": "peft",
    "where": "A table",
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "gigabytes"}, "x.json, A row: units are"),
        ({"rounding": "up"}, "x.json, A row: roundings are"),
        ({"verdict": "wrong"}, "x.json, A row: verdicts are"),
        ({"verdict": "erratum"}, "x.json, A row: give a reason"),
        ({"reason": "It is so."}, "x.json, A row: give a reason"),
        ({"where": ""}, "x.json, A row: name the table"),
        ({"function": "weigh"}, "x.json, A row: dlp has no weigh"),
        ({"source": "nowhere"}, "x.json, A row: add nowhere to"),
    ],
)
def test_a_row_that_is_not_well_formed_is_found(
    changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_printed, "ROWS", (row("x", ROW),))
    test_printed.test_rows_are_well_formed()
    monkeypatch.setattr(test_printed, "ROWS", (row("x", ROW | changes),))
    with pytest.raises(AssertionError, match=re.escape(message)):
        test_printed.test_rows_are_well_formed()
