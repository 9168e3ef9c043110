"""The command `dlp`, as it is typed in a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder

import dlp
from dlp.__main__ import main
from dlp._command_fit import CANNOT_SAY, DOES_NOT_FIT, FITS, VERDICTS
from tests.paths import ROOT

SCHEMA = json.loads((ROOT / "dlp" / "command.schema.json").read_text(encoding="utf-8"))
CONFIG = json.dumps(dlp.LLAMA_3_8B)
ADAPTERS = """
{"alora_invocation_tokens": null, "alpha_pattern": {}, "auto_mapping": null,
 "base_model_name_or_path": "a/model", "bias": "none", "corda_config": null,
 "ensure_weight_tying": false, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false,
 "inference_mode": true, "init_lora_weights": true, "layer_replication": null,
 "layers_pattern": null, "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 32,
 "lora_bias": false, "lora_dropout": 0.0, "megatron_config": null, "megatron_core": "megatron.core",
 "modules_to_save": null, "peft_type": "LORA", "qalora_group_size": 16, "r": 16, "rank_pattern": {},
 "revision": null, "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj",
 "up_proj", "down_proj"], "target_parameters": null, "task_type": "CAUSAL_LM",
 "trainable_token_indices": null, "use_dora": false, "use_qalora": false, "use_rslora": false}
"""  # as PEFT writes it
FULL = Path("/dev/full")
FILES = {"config.json": CONFIG, "adapter_config.json": ADAPTERS}
QUESTION = [
    *("fit", "config.json", "--lora", "adapter_config.json", "--batch", "4", "--length", "2048"),
    *("--checkpointing", "--dtype", "bfloat16", "--card", "rtx-4090"),
]
SETTINGS = {
    "per_device_train_batch_size": 4,
    "max_length": 2048,
    "gradient_checkpointing": True,
    "dtype": "bfloat16",
}


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Run the command; give its status and what it wrote."""
    status = main(list(argv), FILES)
    written = capsys.readouterr()
    return status, written.out, written.err


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    """Run the command with --json; give what it answers, once the schema has been kept."""
    found: dict[str, Any] = json.loads(answer(capsys, *argv, "--json")[1])
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def test_a_practitioner_is_told_that_it_does_not_fit_and_what_would(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = answer(capsys, *QUESTION)
    assert status == DOES_NOT_FIT
    assert not err
    assert "Peak: 29.3 GiB, at the moment 'loss backward', most of it weights." in out
    assert "It does not fit rtx-4090" in out
    assert " would with `--" in out.replace("\n", " ")
    assert max(map(len, out.splitlines())) <= 80
    assert out.isascii()
    assert "\x1b" not in out


def test_what_it_says_is_what_the_formula_gives(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, *QUESTION)
    step = dlp.peak_memory(
        config=dlp.LLAMA_3_8B,
        training=SETTINGS,
        lora={"r": 16, "target_modules": "all-linear"},
    )
    assert {name: found[name] for name in step} == json.loads(json.dumps(step))
    _, out, _ = answer(capsys, *QUESTION)
    (total,) = (line.split()[1:] for line in out.splitlines() if line.startswith("GiB    "))
    shown = [sum(held.values()) / 2**30 for held in step["moments"].values()]
    assert total == [*(f"{size:.2f}" for size in shown), "100.0%"]


def test_a_rank_stands_for_adapters_and_a_name_for_a_config(
    capsys: pytest.CaptureFixture[str],
) -> None:
    short = ["fit", "llama-3-8b", "--rank", "16", *QUESTION[4:]]
    assert said(capsys, *short) == said(capsys, *QUESTION)


@pytest.mark.parametrize(
    ("card", "status"), [("h200", FITS), ("v100-32gb", CANNOT_SAY), ("t4", DOES_NOT_FIT)]
)
def test_each_verdict_has_a_status_of_its_own(
    card: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys, *QUESTION, "--card", card)[0] == status
    found = said(capsys, *QUESTION, "--card", card)
    assert found["verdict"] == VERDICTS[status]
    assert found["card"]["usable"] < found["card"]["sold"]
    certain = {FITS: found["upper"] <= found["card"]["usable"]}
    certain[DOES_NOT_FIT] = found["lower"] > found["card"]["sold"]
    assert certain.get(status, not any(certain.values()))


@pytest.mark.parametrize(
    "argv",
    [
        QUESTION,
        [*QUESTION, "--library", "pytorch"],
        ["fit", "llama-3-8b", "--batch", "6", "--length", "4096", "--card", "h100"],
        ["fit", "gpt2", "--batch", "64", "--length", "1024", "--card", "t4"],
    ],
    ids=str,
)
def test_what_would_make_it_fit_does(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, *argv)
    assert found["fits_with"] or found["may_fit_with"]
    for kind, status in (("fits_with", FITS), ("may_fit_with", CANNOT_SAY)):
        for way in found[kind]:
            changed = [*argv, *way["options"].split()]
            assert answer(capsys, *changed)[0] == status, way
            assert said(capsys, *changed)["peak"] == way["peak"]


def test_without_a_card_all_that_hold_it_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = answer(capsys, *QUESTION[:-2])
    assert status == FITS
    assert "It fits l40s, a6000" in out
    assert answer(capsys, *QUESTION[:-2], "--batch", "4000")[0] == DOES_NOT_FIT


def test_the_last_of_several_settings_counts(capsys: pytest.CaptureFixture[str]) -> None:
    once = said(capsys, *QUESTION, "--batch", "2")
    assert once == said(capsys, *QUESTION, "--set", "per_device_train_batch_size=2")
    assert once != said(capsys, *QUESTION)
    assert said(capsys, *QUESTION, "--set", "gradient_checkpointing=False")["peak"] > once["peak"]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["fit", "missing.json"], "missing.json: No such file"),
        (["fit", "docs"], "config.json: No such file"),
        (["fit", "config.json", "--training", "docs"], "training_args.json: No such file"),
        (["fit", "broken.json"], "broken.json is no JSON"),
        (["fit", "deep.json"], "deep.json is nested too deeply"),
        (["fit", "list.json"], "must hold a JSON object, not list"),
        (["fit", "-", "--lora", "-"], "only one file can be -"),
        (["fit", "config.json"], "give it as --length"),
        (["fit", "gptq.json", "--length", "1"], "in gptq holds"),
        (["fit", "config.json", "--lora", "other.json"], "peft_type must be LORA, not 'IA3'"),
        (["count", "config.json", "--lora", "repeated.json"], "what it trains is not counted"),
        ([*QUESTION, "--set", "max_lenght=1"], "'max_lenght'"),
        ([*QUESTION, "--set", "learning_rate=[[["], "bfloat"),
        ([*QUESTION, "--library", "keras"], "library must be one of"),
        ([*QUESTION, "--batch", "0"], "must be from 1"),
        (["count", "unknown.json"], "model_type"),
        (["steps", "--samples", "0"], "num_samples must be from 1"),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(
    argv: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    for name, text in {
        "broken.json": "{",
        "list.json": "[]",
        "deep.json": "[" * 100_000,
        "unknown.json": '{"model_type": "na\u00efve"}',
        "gptq.json": json.dumps(dlp.LLAMA_2_7B | {"quantization_config": {"quant_method": "gptq"}}),
        "other.json": '{"peft_type": "IA3"}',
        "repeated.json": '{"target_modules": ["q_proj"], "layer_replication": [[0, 4]]}',
    }.items():
        monkeypatch.setitem(FILES, name, text)
    status, out, err = answer(capsys, *argv)
    if told == "bfloat":  # a value that is no JSON is a word, and this setting changes no byte
        assert (status, err) == (DOES_NOT_FIT, "")
        return
    assert status == CANNOT_SAY
    assert not out
    assert told in err
    assert err.startswith("dlp: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["fit"],
        ["fly"],
        ["steps", "--samples", "many"],
        [*QUESTION, "--set", "dtype"],
        [*QUESTION, "--card", "rtx-9999"],
        [*QUESTION, "--card", "tpu-v4"],
    ],
    ids=str,
)
def test_a_command_that_is_none_says_where_help_is(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == CANNOT_SAY
    err = capsys.readouterr().err
    assert "--help" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["fit", "count", "steps"])
def test_help_has_an_example_that_runs(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert not stopped.value.code
    _, _, example = capsys.readouterr().out.partition("example:\n")
    words = example.replace("\\\n", " ").split()
    assert words[:2] == ["dlp", command]
    assert answer(capsys, *words[1:])[0] != CANNOT_SAY


def test_parameters_and_updates_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "count", "config.json", "--lora", "adapter_config.json")
    assert found["total"] == sum(found["parts"].values()) == 8_030_261_248  # the model's card
    assert found["lora"]["trainable_params"] == 41_943_040  # as PEFT prints it
    found = said(capsys, "steps", "--samples", "1000", "--accumulation", "4", "--length", "512")
    assert (found["micro_batches"], found["updates"]) == (125, 32)
    part = said(capsys, "steps", "--samples", "1000", "--accumulation", "4", "--epochs", "0.5")
    assert (part["micro_batches"], part["updates"]) == (64, 16)
    assert found["tokens_per_update"] == 32 * 512


@pytest.mark.parametrize(
    ("said_of_it", "told"),
    [
        ({"torch_dtype": "bfloat16"}, "16,060,522,496"),
        ({"quantization_config": {"quant_method": "quark"}}, "not 'quark'"),
    ],
)
def test_what_a_config_says_of_its_weights_is_counted(
    said_of_it: dict[str, Any],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FILES, "said.json", json.dumps(dlp.LLAMA_3_8B | said_of_it))
    _, out, _ = answer(capsys, "count", "said.json")
    assert "bytes as stored" in out
    assert told in out
    _, out, _ = answer(capsys, "count", "config.json")
    assert ("bytes as stored" in out) == ("torch_dtype" in CONFIG)


# --- As a user runs it ----------------------------------------------------------------------


def shell(*command: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a program as a shell does."""
    return subprocess.run(command, capture_output=True, check=False, **how)  # noqa: S603


def test_a_folder_is_read_as_it_was_downloaded(tmp_path: Path) -> None:
    folder = tmp_path / "modèle"
    folder.mkdir()
    config = json.dumps(dlp.LLAMA_3_8B | {"torch_dtype": "bfloat16"})
    (folder / "config.json").write_bytes(config.encode("utf-16"))  # as PowerShell writes it
    (folder / "adapter_config.json").write_text("\ufeff" + ADAPTERS, encoding="utf-8")
    (folder / "training_args.json").write_text('{"max_length": 256}', encoding="utf-8")
    python = [sys.executable, "-m", "dlp"]
    done = shell(*python, "fit", str(folder), "--batch", "1", "--card", "h100", cwd=ROOT)
    assert done.returncode == FITS, done.stderr
    assert b"adapters" in done.stdout
    (folder / "config.json").unlink()
    done = shell(*python, "count", "llama-3-8b", "--lora", str(folder), cwd=ROOT)
    assert b"41,943,040" in done.stdout
    done = shell(*python, "fit", str(folder), cwd=ROOT)
    assert (done.returncode, done.stdout) == (CANNOT_SAY, b"")
    assert b"name that of the base model (a/model)" in done.stderr


def test_the_wheel_brings_the_command(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    venv.create(tmp_path / "venv")
    folder = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = ["--python", str(folder / "python"), "install", "--no-index", wheel]
    done = shell(sys.executable, "-m", "pip", "--disable-pip-version-check", *install)
    assert not done.returncode, done.stderr
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = ["count", "-", "--json"]
    done = shell(str(folder / "dlp"), *words, input=CONFIG.encode(), cwd=tmp_path, env=outside)
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout)["total"] == dlp.parameter_count(config=dlp.LLAMA_3_8B)


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
def test_an_answer_that_cannot_be_written_is_no_verdict() -> None:
    command = [sys.executable, "-m", "dlp", "fit", "gpt2", "--batch", "1", "--length", "8"]
    with FULL.open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=-1, cwd=ROOT, check=False)  # noqa: S603
    assert done.returncode == CANNOT_SAY
    assert done.stderr.count(b"\n") == 1


def test_the_package_alone_does_not_read_a_command_line() -> None:
    code = "import sys, dlp; dlp.weight_bytes; sys.exit('argparse' in sys.modules)"
    assert not shell(sys.executable, "-c", code, cwd=ROOT).returncode
