"""The command `dlp`, as it is typed in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import dlp
from dlp.__main__ import CANNOT_SAY, DOES_NOT_FIT, FITS, main
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads((ROOT / "docs" / "command.schema.json").read_text(encoding="utf-8"))
CONFIG = json.dumps(dlp.LLAMA_3_8B)
ADAPTERS = json.dumps(
    {  # as PEFT writes it
        "peft_type": "LORA",
        "base_model_name_or_path": "a/model",
        "inference_mode": True,
        "lora_alpha": 32,
        "modules_to_save": None,
        "r": 16,
        "rank_pattern": {},
        "target_modules": "all-linear",
    }
)
FILES = {"config.json": CONFIG, "adapter_config.json": ADAPTERS}
QUESTION = [
    *("fit", "config.json", "--lora", "adapter_config.json", "--batch", "4", "--length", "2048"),
    *("--set", "gradient_checkpointing=true", "--set", "dtype=bfloat16", "--card", "rtx-4090"),
]


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Run the command; give its status and what it wrote."""
    status = main(list(argv), FILES)
    written = capsys.readouterr()
    return status, written.out, written.err


def test_a_practitioner_is_told_that_it_does_not_fit_and_what_would(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = answer(capsys, *QUESTION)
    assert status == DOES_NOT_FIT
    assert not err
    assert "Peak: 29.3 GiB, in the loss backward" in out
    assert "it does not fit. It would with max_length=" in out
    assert "It may with loss=fused" in out
    assert all(len(line) <= 80 for line in out.splitlines()[:13]), "the table is 80 wide"
    assert out.isascii()


def test_in_json_it_says_what_the_formula_gives(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = answer(capsys, *QUESTION, "--json")
    said = json.loads(out)
    jsonschema.validate(said, SCHEMA)
    step = dlp.peak_memory(
        config=dlp.LLAMA_3_8B,
        training={
            "per_device_train_batch_size": 4,
            "max_length": 2048,
            "gradient_checkpointing": True,
            "dtype": "bfloat16",
        },
        lora={"r": 16, "target_modules": "all-linear"},
    )
    assert {name: said[name] for name in step} == json.loads(json.dumps(step))


def test_each_verdict_has_a_status_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    cards = {"h200": FITS, "v100-32gb": CANNOT_SAY, "t4": DOES_NOT_FIT}
    for card, status in cards.items():
        assert answer(capsys, *QUESTION[:-1], card)[0] == status, card


def test_what_would_make_it_fit_does(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = answer(capsys, *QUESTION, "--json")
    for way in json.loads(out)["fits_with"]:
        setting = way.partition(" ")[0]
        assert answer(capsys, *QUESTION, "--set", setting)[0] in {FITS, DOES_NOT_FIT}
        changed = [word for word in QUESTION if word not in {"--length", "2048"}]
        assert answer(capsys, *changed, "--set", setting)[0] == FITS, way


def test_without_a_card_all_that_hold_it_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys, *QUESTION[:-2])
    assert status == FITS
    assert "It fits: l40s, a6000" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["fit", "missing.json"], "missing.json: No such file"),
        (["fit", "broken.json"], "no JSON"),
        (["fit", "list.json"], "must hold an object"),
        (["fit", "config.json"], 'training must have "max_length"'),
        ([*QUESTION, "--set", "max_lenght=1"], "not 'max_lenght'"),
        ([*QUESTION, "--set", "dtype"], "--set must be NAME=VALUE"),
        ([*QUESTION[:-1], "rtx-9999"], "accelerator must be one of"),
        ([*QUESTION, "--library", "keras"], "library must be one of"),
        (["count", "unknown.json"], "model_type"),
        (["steps", "--samples", "0"], "num_samples must be from 1"),
    ],
)
def test_bad_input_is_one_sentence(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setitem(FILES, "broken.json", "{")
    monkeypatch.setitem(FILES, "list.json", "[]")
    monkeypatch.setitem(FILES, "unknown.json", '{"model_type": "naïve"}')
    status, out, err = answer(capsys, *argv)
    assert status == CANNOT_SAY
    assert not out
    assert said in err
    assert err.startswith("dlp: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["fit"], ["fly"], ["steps", "--samples", "many"]])
def test_a_command_that_is_none_says_where_help_is(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == CANNOT_SAY
    assert "--help" in capsys.readouterr().err


def test_parameters_and_updates_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys, "count", "config.json", "--lora", "adapter_config.json")
    assert status == FITS
    assert "trainable: 41,943,040 of 8,072,204,288, 0.5196 %" in out
    _, out, _ = answer(capsys, "steps", "--samples", "1000", "--accumulation", "4", "--json")
    said = json.loads(out)
    jsonschema.validate(said, SCHEMA)
    assert (said["micro_batches"], said["updates"]) == (125, 32)


def test_a_folder_is_read_as_it_was_downloaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps(dlp.LLAMA_3_8B | {"torch_dtype": "bfloat16"}), encoding="utf-8"
    )
    (tmp_path / "adapter_config.json").write_text(ADAPTERS, encoding="utf-8")
    (tmp_path / "training_args.json").write_text('{"max_length": 256}', encoding="utf-8")
    command = [sys.executable, "-m", "dlp", "fit", str(tmp_path), "--batch", "1", "--card", "h100"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == FITS, done.stderr
    assert "h100, sold with 80 GiB" in done.stdout


def test_the_package_alone_does_not_read_a_command_line() -> None:
    code = "import sys, dlp; dlp.weight_bytes; sys.exit('argparse' in sys.modules)"
    assert not subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode  # noqa: S603
