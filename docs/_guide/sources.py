"""The bibliography: every paper, library file and page that the guide cites, and the place read.

`where` names the place a claim stands in: a section, table or equation of a paper, or a function
and its lines in one version of a library. Line numbers are good for that version only.
"""

from __future__ import annotations

from dataclasses import dataclass

_HF = "https://github.com/huggingface"
_TRANSFORMERS = f"{_HF}/transformers/blob/v5.23.0/src/transformers"
_MODELS = f"{_TRANSFORMERS}/models"
_TORCH = "https://github.com/pytorch/pytorch/blob/v2.14.1/torch"
_ACCELERATE = f"{_HF}/accelerate/blob/v1.15.0/src/accelerate"
_LIGHTNING = "https://github.com/Lightning-AI/pytorch-lightning/blob/2.6.6/src/lightning/pytorch"
_PEFT = f"{_HF}/peft/blob/v0.21.2/src/peft"
_TRL = f"{_HF}/trl/blob/v1.16.0/trl/trainer"
_BITSANDBYTES = "https://github.com/bitsandbytes-foundation/bitsandbytes/blob/0.50.2/bitsandbytes"


@dataclass(frozen=True, slots=True)
class Source:
    """One thing cited."""

    key: str
    title: str
    authors: tuple[str, ...]
    """People, or one organisation; the last may be "others"."""
    year: int
    url: str
    where: str
    label: str = ""
    """The text of a short link; when empty, surnames and year."""

    @property
    def short(self) -> str:
        """The text of a short link."""
        if self.label:
            return self.label
        surnames = [author.split()[-1] for author in self.authors]
        names = " and ".join(surnames) if len(surnames) < 3 else f"{surnames[0]} et al."
        return f"{names} ({self.year})"


_PAPERS = (
    # Optimizers
    Source(
        "kingma2014",
        "Adam: A Method for Stochastic Optimization",
        ("Diederik P. Kingma", "Jimmy Ba"),
        2014,
        "https://arxiv.org/abs/1412.6980",
        "Algorithm 1: two moment vectors, each as large as the parameter vector",
    ),
    Source(
        "loshchilov2017",
        "Decoupled Weight Decay Regularization",
        ("Ilya Loshchilov", "Frank Hutter"),
        2017,
        "https://arxiv.org/abs/1711.05101",
        "Algorithm 2 (AdamW): the same two moment vectors",
    ),
    Source(
        "dettmers2021",
        "8-bit Optimizers via Block-wise Quantization",
        ("Tim Dettmers", "Mike Lewis", "Sam Shleifer", "Luke Zettlemoyer"),
        2021,
        "https://arxiv.org/abs/2110.02861",
        "abstract: optimizer states kept in 8 bits, quantized block by block",
    ),
    # Memory of training and of running
    Source(
        "rajbhandari2019",
        "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models",
        ("Samyam Rajbhandari", "Jeff Rasley", "Olatunji Ruwase", "Yuxiong He"),
        2019,
        "https://arxiv.org/abs/1910.02054",
        "section 3.1: 2 (fp16 weights) + 2 (fp16 gradients) + 4 + 4 + 4 (fp32 copy, momentum, "
        "variance) = 16 bytes per parameter; section 5.1 and Figure 1: 7.5 billion parameters, "
        "120 GB",
    ),
    Source(
        "korthikanti2022",
        "Reducing Activation Recomputation in Large Transformer Models",
        (
            "Vijay Korthikanti",
            "Jared Casper",
            "Sangkug Lym",
            "Lawrence McAfee",
            "Michael Andersch",
            "Mohammad Shoeybi",
            "Bryan Catanzaro",
        ),
        2022,
        "https://arxiv.org/abs/2205.05198",
        "section 4.1 and equation 1 (bytes kept per layer, 16-bit, GeLU and dropout), section 5 "
        "and Table 2 (recomputation)",
    ),
    Source(
        "dao2022",
        "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness",
        ("Tri Dao", "Daniel Y. Fu", "Stefano Ermon", "Atri Rudra", "Christopher Ré"),
        2022,
        "https://arxiv.org/abs/2205.14135",
        "section 1: the attention matrix is not kept for the backward pass but recomputed",
    ),
    Source(
        "ainslie2023",
        "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints",
        (
            "Joshua Ainslie",
            "James Lee-Thorp",
            "Michiel de Jong",
            "Yury Zemlyanskiy",
            "Federico Lebrón",
            "Sumit Sanghai",
        ),
        2023,
        "https://arxiv.org/abs/2305.13245",
        "section 2.2: one key head and one value head for each group of query heads",
    ),
    Source(
        "dettmers2023",
        "QLoRA: Efficient Finetuning of Quantized LLMs",
        ("Tim Dettmers", "Artidoro Pagnoni", "Ari Holtzman", "Luke Zettlemoyer"),
        2023,
        "https://arxiv.org/abs/2305.14314",
        "section 1 (65B in 16 bits: more than 780 GB), section 2 (LoRA weights 26 MB, their "
        "input gradients 567 MB), section 3 (NF4, block sizes 64 and 256, 0.5 to 0.127 bits)",
    ),
    # Shapes and positions
    Source(
        "kaplan2020",
        "Scaling Laws for Neural Language Models",
        ("Jared Kaplan", "Sam McCandlish", "Tom Henighan", "others"),
        2020,
        "https://arxiv.org/abs/2001.08361",
        "section 2.1 and equation 2.1: 12 x layers x width², embeddings and biases left out",
    ),
    Source(
        "su2021",
        "RoFormer: Enhanced Transformer with Rotary Position Embedding",
        ("Jianlin Su", "Yu Lu", "Shengfeng Pan", "Ahmed Murtadha", "Bo Wen", "Yunfeng Liu"),
        2021,
        "https://arxiv.org/abs/2104.09864",
        "abstract: the position enters as a rotation matrix, for any sequence length",
    ),
    Source(
        "press2021",
        "Train Short, Test Long: Attention with Linear Biases Enables Input Length Extrapolation",
        ("Ofir Press", "Noah A. Smith", "Mike Lewis"),
        2021,
        "https://arxiv.org/abs/2108.12409",
        "abstract: no position embeddings, a penalty on the attention scores instead",
    ),
    Source(
        "touvron2023a",
        "LLaMA: Open and Efficient Foundation Language Models",
        ("Hugo Touvron", "Thibaut Lavril", "Gautier Izacard", "others"),
        2023,
        "https://arxiv.org/abs/2302.13971",
        "Table 2: 6.7 billion parameters, width 4096, 32 heads, 32 layers; section 2.2: rotary "
        "embeddings",
        "Touvron et al. (2023a)",
    ),
    Source(
        "touvron2023b",
        "Llama 2: Open Foundation and Fine-Tuned Chat Models",
        ("Hugo Touvron", "Louis Martin", "Kevin Stone", "others"),
        2023,
        "https://arxiv.org/abs/2307.09288",
        "Table 1: context 4k; grouped-query attention for 34B and 70B only (no widths or layers)",
        "Touvron et al. (2023b)",
    ),
    Source(
        "jiang2023",
        "Mistral 7B",
        ("Albert Q. Jiang", "Alexandre Sablayrolles", "Arthur Mensch", "others"),
        2023,
        "https://arxiv.org/abs/2310.06825",
        "Table 1: width 4096, 32 layers, 32 heads, 8 key-value heads, 14336, vocabulary 32000",
    ),
    Source(
        "grattafiori2024",
        "The Llama 3 Herd of Models",
        ("Aaron Grattafiori", "Abhimanyu Dubey", "Abhinav Jauhri", "others"),
        2024,
        "https://arxiv.org/abs/2407.21783",
        "Table 3: layers, widths, heads and 8 key-value heads of 8B, 70B and 405B",
    ),
    Source(
        "qwen2024",
        "Qwen2.5 Technical Report",
        ("Qwen Team",),
        2024,
        "https://arxiv.org/abs/2412.15115",
        "Table 1: the 7B model has 28 layers, 28 heads, 4 key-value heads, untied embeddings",
        "Qwen Team (2024)",
    ),
    # Objectives
    Source(
        "radford2018",
        "Improving Language Understanding by Generative Pre-Training",
        ("Alec Radford", "Karthik Narasimhan", "Tim Salimans", "Ilya Sutskever"),
        2018,
        "https://cdn.openai.com/research-covers/language-unsupervised/"
        "language_understanding_paper.pdf",
        "section 3.1 and equation 1: the likelihood of each token given those before it",
    ),
    Source(
        "gururangan2020",
        "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks",
        ("Suchin Gururangan", "Ana Marasović", "Swabha Swayamdipta", "others"),
        2020,
        "https://arxiv.org/abs/2004.10964",
        "abstract: a second phase of pre-training on text of the domain or of the task",
    ),
    Source(
        "wei2021",
        "Finetuned Language Models Are Zero-Shot Learners",
        ("Jason Wei", "Maarten Bosma", "Vincent Y. Zhao", "others"),
        2021,
        "https://arxiv.org/abs/2109.01652",
        "abstract: instruction tuning is fine-tuning on tasks described by instructions",
    ),
    Source(
        "ouyang2022",
        "Training language models to follow instructions with human feedback",
        ("Long Ouyang", "Jeff Wu", "Xu Jiang", "others"),
        2022,
        "https://arxiv.org/abs/2203.02155",
        "abstract: supervised fine-tuning on demonstrations first, reinforcement learning after",
    ),
    Source(
        "shi2024",
        "Instruction Tuning With Loss Over Instructions",
        (
            "Zhengyan Shi",
            "Adam X. Yang",
            "Bin Wu",
            "Laurence Aitchison",
            "Emine Yilmaz",
            "Aldo Lipani",
        ),
        2024,
        "https://arxiv.org/abs/2405.14394",
        "abstract: loss on the prompt too helps with long prompts, short answers or little data",
    ),
    # Adapters
    Source(
        "hu2021",
        "LoRA: Low-Rank Adaptation of Large Language Models",
        (
            "Edward J. Hu",
            "Yelong Shen",
            "Phillip Wallis",
            "Zeyuan Allen-Zhu",
            "Yuanzhi Li",
            "Shean Wang",
            "Lu Wang",
            "Weizhu Chen",
        ),
        2021,
        "https://arxiv.org/abs/2106.09685",
        "section 4.1 (B is d x r, A is r x k; A random, B zero; scaled by alpha / r), section 4.2 "
        "(memory), section 5.1 (count of parameters), Table 15 (GPT-3)",
    ),
    Source(
        "liu2024",
        "DoRA: Weight-Decomposed Low-Rank Adaptation",
        ("Shih-Yang Liu", "Chien-Yi Wang", "Hongxu Yin", "others"),
        2024,
        "https://arxiv.org/abs/2402.09353",
        "abstract: weights split into a magnitude and a direction, LoRA for the direction",
    ),
)


def _code(key: str, title: str, author: str, year: int, url: str, where: str) -> Source:
    """Describe a file or page that is cited by its title."""
    return Source(key, title, (author,), year, url, where, title)


_LIBRARIES = (
    # PyTorch
    _code(
        "torch-batch-sampler",
        "PyTorch 2.14.1, sampler.py",
        "PyTorch",
        2026,
        f"{_TORCH}/utils/data/sampler.py#L346-L354",
        "`BatchSampler.__len__`, lines 346-354: rounded down with `drop_last`, else up",
    ),
    _code(
        "torch-dataloader",
        "PyTorch 2.14.1, dataloader.py",
        "PyTorch",
        2026,
        f"{_TORCH}/utils/data/dataloader.py#L523-L553",
        "`DataLoader.__len__`, lines 523-553",
    ),
    _code(
        "torch-backward",
        "PyTorch 2.14.1, _tensor.py",
        "PyTorch",
        2026,
        f"{_TORCH}/_tensor.py#L566-L580",
        "`Tensor.backward`, lines 566-580: gradients are added to those already there",
    ),
    _code(
        "torch-optimizer",
        "PyTorch 2.14.1, optimizer.py",
        "PyTorch",
        2026,
        f"{_TORCH}/optim/optimizer.py#L1048-L1124",
        "`Optimizer.zero_grad`, lines 1048-1066, and `Optimizer.step`, lines 1117-1124",
    ),
    _code(
        "torch-adam",
        "PyTorch 2.14.1, adam.py",
        "PyTorch",
        2026,
        f"{_TORCH}/optim/adam.py#L151-L189",
        "`Adam._init_group`, lines 151-189: two tensors shaped like the parameter, made at the "
        "first step and only for parameters that have a gradient",
    ),
    _code(
        "torch-linear",
        "PyTorch 2.14.1, linear.py",
        "PyTorch",
        2026,
        f"{_TORCH}/nn/modules/linear.py#L96-L114",
        "`Linear.__init__`, lines 96-114: weight (out, in), bias (out)",
    ),
    _code(
        "torch-cross-entropy",
        "PyTorch 2.14.1, loss.py",
        "PyTorch",
        2026,
        f"{_TORCH}/nn/modules/loss.py#L1389",
        "`CrossEntropyLoss.__init__`, line 1389: `ignore_index` is -100",
    ),
    # Transformers: counting steps
    _code(
        "trainer-steps",
        "Transformers 5.23.0, counting updates",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/trainer.py#L2487-L2521",
        "`Trainer.set_initial_training_values`, lines 2487-2521: updates per epoch rounded up",
    ),
    _code(
        "trainer-loop",
        "Transformers 5.23.0, training loop",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/trainer.py#L1861-L1949",
        "`Trainer._run_epoch`, lines 1861-1949: the short last window is an update too",
    ),
    _code(
        "trainer-loss",
        "Transformers 5.23.0, scaling the loss",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/trainer.py#L2102-L2111",
        "`Trainer.training_step`, lines 2102-2111 (actual window length), and "
        "`Trainer._get_num_items_in_batch`, lines 2298-2357 (target tokens of the window)",
    ),
    _code(
        "trainer-arguments",
        "Transformers 5.23.0, training_args.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/training_args.py#L260-L265",
        "`TrainingArguments`, lines 260-265 and 605: accumulation, `dataloader_drop_last`",
    ),
    _code(
        "trainer-old",
        "Transformers 4.48.3, trainer.py",
        "Hugging Face",
        2025,
        f"{_HF}/transformers/blob/v4.48.3/src/transformers/trainer.py#L2212-L2230",
        "`Trainer._inner_training_loop`, lines 2212-2230 (rounded down) and 2471-2483; "
        "`Trainer.training_step`, lines 3708-3710 (the full window length, for models that do not "
        "normalise by tokens)",
    ),
    _code(
        "trainer-4-52",
        "Transformers 4.52.1, trainer.py",
        "Hugging Face",
        2025,
        f"{_HF}/transformers/blob/v4.52.1/src/transformers/trainer.py#L5323-L5326",
        "`Trainer.set_initial_training_values`, lines 5323-5326: rounded up; 4.51.3 still rounds "
        "down",
    ),
    _code(
        "trainer-fix",
        "Transformers pull request 37923",
        "efsotr",
        2025,
        f"{_HF}/transformers/pull/37923",
        "description: the count of updates per epoch and the last window corrected",
    ),
    _code(
        "trainer-issue",
        "Transformers issue 37777",
        "efsotr",
        2025,
        f"{_HF}/transformers/issues/37777",
        "description: the last window was sized by examples instead of batches",
    ),
    _code(
        "accumulation-docs",
        "Gradient accumulation (Transformers documentation)",
        "Hugging Face",
        2026,
        "https://huggingface.co/docs/transformers/en/grad_accumulation",
        "introduction: four micro-batches, then one update",
    ),
    _code(
        "accumulation-fix",
        "Fixing Gradient Accumulation",
        "Hugging Face",
        2024,
        "https://huggingface.co/blog/gradient_accumulation",
        "sections 'Where does it stem from?' and 'How we're fixing it': divide by all target "
        "tokens of the window, not by the number of micro-batches",
    ),
    _code(
        "course-7-6",
        "Hugging Face course, chapter 7.6",
        "Hugging Face",
        2025,
        f"{_HF}/course/blob/00c8501537f4cef18ee8ce4b67197e45a021239c/chapters/en/chapter7/6.mdx",
        "the last training loop: an update only when the step number divides evenly",
    ),
    # Transformers: heads, positions, shapes, loss
    _code(
        "heads-bert",
        "Transformers 5.23.0, modeling_bert.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/bert/modeling_bert.py#L1065-L1076",
        "`BertForSequenceClassification`, lines 1065-1076; `BertForTokenClassification`, lines "
        "1234-1244 (no pooler); `BertPooler`, lines 451-463",
    ),
    _code(
        "heads-roberta",
        "Transformers 5.23.0, modeling_roberta.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/roberta/modeling_roberta.py#L1142-L1161",
        "`RobertaClassificationHead`, lines 1142-1161; `RobertaForTokenClassification`, line 1084",
    ),
    _code(
        "heads-distilbert",
        "Transformers 5.23.0, modeling_distilbert.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/distilbert/modeling_distilbert.py#L528-L537",
        "`DistilBertForSequenceClassification`, lines 528-537; token classification, line 729",
    ),
    _code(
        "heads-gpt2",
        "Transformers 5.23.0, modeling_gpt2.py, heads",
        "Hugging Face",
        2026,
        f"{_MODELS}/gpt2/modeling_gpt2.py#L856-L861",
        "`GPT2ForSequenceClassification`, line 861, `bias=False`; `GPT2ForTokenClassification`, "
        "line 975, with a bias",
    ),
    _code(
        "heads-generic",
        "Transformers 5.23.0, modeling_layers.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/modeling_layers.py#L126-L135",
        "`GenericForSequenceClassification`, line 135, `bias=False`; "
        "`GenericForTokenClassification`, lines 278-282, with a bias unless the config says no "
        "(Llama, Mistral, Qwen2)",
    ),
    _code(
        "positions-llama",
        "Transformers 5.23.0, modeling_llama.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/llama/modeling_llama.py#L72-L116",
        "`LlamaRotaryEmbedding`, lines 72-116: buffers of half a head width, no parameter",
    ),
    _code(
        "attention-llama",
        "Transformers 5.23.0, LlamaAttention",
        "Hugging Face",
        2026,
        f"{_MODELS}/llama/modeling_llama.py#L206-L230",
        "`LlamaAttention.__init__`, lines 209-230: keys and values have their own, fewer heads",
    ),
    _code(
        "positions-gpt2",
        "Transformers 5.23.0, modeling_gpt2.py, positions",
        "Hugging Face",
        2026,
        f"{_MODELS}/gpt2/modeling_gpt2.py#L491",
        "`GPT2Model.__init__`, line 491: one learned row for each position",
    ),
    _code(
        "positions-opt",
        "Transformers 5.23.0, modeling_opt.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/opt/modeling_opt.py#L45-L70",
        "`OPTLearnedPositionalEmbedding`, lines 45-70: two rows more than positions",
    ),
    _code(
        "config-llama",
        "Transformers 5.23.0, configuration_llama.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/llama/configuration_llama.py#L64-L79",
        "`LlamaConfig`, lines 64-79: the shape of Llama-2-7B, inner width 11008",
    ),
    _code(
        "config-mistral",
        "Transformers 5.23.0, configuration_mistral.py",
        "Hugging Face",
        2026,
        f"{_MODELS}/mistral/configuration_mistral.py#L63-L78",
        "`MistralConfig`, lines 63-78: the shape of Mistral-7B",
    ),
    _code(
        "from-pretrained",
        "Transformers 5.23.0, modeling_utils.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/modeling_utils.py#L4177-L4178",
        "`PreTrainedModel.from_pretrained`, lines 4024 and 4177-4178: `dtype` is `auto` if unset",
    ),
    _code(
        "kv-cache-layer",
        "Transformers 5.23.0, cache_utils.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/cache_utils.py#L119-L138",
        "`DynamicLayer.update`, lines 119-138: keys and values grow by the new tokens",
    ),
    _code(
        "causal-loss",
        "Transformers 5.23.0, loss_utils.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/loss/loss_utils.py#L34-L73",
        "`fixed_cross_entropy` and `ForCausalLMLoss`, lines 34-73: shift by one, skip -100",
    ),
    _code(
        "collator",
        "Transformers 5.23.0, data_collator.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/data/data_collator.py#L793-L797",
        "`DataCollatorForLanguageModeling`, lines 631-633 and 793-797: the labels are the inputs, "
        "padding set to -100",
    ),
    _code(
        "double-quant-default",
        "Transformers 5.23.0, quantization_config.py",
        "Hugging Face",
        2026,
        f"{_TRANSFORMERS}/utils/quantization_config.py#L450",
        "`BitsAndBytesConfig`, lines 449-450: `fp4`, and no double quantization, if unset",
    ),
    # Accelerate
    _code(
        "accelerate-shard",
        "Accelerate 1.15.0, data_loader.py",
        "Hugging Face",
        2026,
        f"{_ACCELERATE}/data_loader.py#L170-L186",
        "`BatchSamplerShard.__len__`, lines 170-186: rounded up over the processes, or down with "
        "`drop_last`",
    ),
    _code(
        "accelerate-sync",
        "Accelerate 1.15.0, accelerator.py",
        "Hugging Face",
        2026,
        f"{_ACCELERATE}/accelerator.py#L1230-L1237",
        "`Accelerator._do_sync`, lines 1230-1237: the end of the data is always an update",
    ),
    _code(
        "accelerate-bytes",
        "Accelerate 1.15.0, other.py",
        "Hugging Face",
        2026,
        f"{_ACCELERATE}/utils/other.py#L547-L554",
        "`convert_bytes`, lines 547-554: divides by 1024 and writes GB",
    ),
    _code(
        "accelerate-estimate",
        "Accelerate 1.15.0, estimate.py",
        "Hugging Face",
        2026,
        f"{_ACCELERATE}/commands/estimate.py#L239-L317",
        "`estimate_training_usage`, lines 239-271, and `estimate_command`, lines 309-317: the "
        "largest of four stages, not their sum",
    ),
    _code(
        "accelerate-dtypes",
        "Accelerate 1.15.0, modeling.py",
        "Hugging Face",
        2026,
        f"{_ACCELERATE}/utils/modeling.py#L153-L188",
        "`dtype_byte_size`, lines 153-188: bytes of one number of each type",
    ),
    # Lightning
    _code(
        "lightning-loop",
        "Lightning 2.6.6, training_epoch_loop.py",
        "Lightning AI",
        2026,
        f"{_LIGHTNING}/loops/training_epoch_loop.py#L438-L454",
        "`_TrainingEpochLoop._should_accumulate`, lines 438-454: the final batch is an update",
    ),
    _code(
        "lightning-steps",
        "Lightning 2.6.6, trainer.py",
        "Lightning AI",
        2026,
        f"{_LIGHTNING}/trainer/trainer.py#L1783",
        "`Trainer.estimated_stepping_batches`, line 1783: rounded up per epoch",
    ),
    _code(
        "lightning-loss",
        "Lightning 2.6.6, automatic.py",
        "Lightning AI",
        2026,
        f"{_LIGHTNING}/loops/optimization/automatic.py#L80-L83",
        "lines 80-83 and 329: the loss is divided by the full window, also in a short one",
    ),
    # PEFT, loralib, the course
    _code(
        "peft-layer",
        "PEFT 0.21.2, lora/layer.py",
        "Hugging Face",
        2026,
        f"{_PEFT}/tuners/lora/layer.py#L263-L281",
        "`LoraLayer.update_layer`, lines 263-281 (shapes, alpha / r or alpha / sqrt(r)); "
        "`LoraLayer.reset_lora_parameters`, lines 332-350 (A random, B zero)",
    ),
    _code(
        "peft-dora",
        "PEFT 0.21.2, lora/dora.py",
        "Hugging Face",
        2026,
        f"{_PEFT}/tuners/lora/dora.py#L85-L130",
        "`DoraLinearLayer`, lines 85-91 and 101-130: one magnitude for each output",
    ),
    _code(
        "peft-sequence-classification",
        "PEFT 0.21.2, peft_model.py",
        "Hugging Face",
        2026,
        f"{_PEFT}/peft_model.py#L1832-L1836",
        "`PeftModelForSequenceClassification`, lines 1832-1836: the head is trained in full",
    ),
    _code(
        "loralib",
        "loralib, layers.py",
        "Microsoft",
        2022,
        "https://github.com/microsoft/LoRA/blob/0771c1e30d86035f17cd189878165305cc3a5e33/"
        "loralib/layers.py",
        "classes `Linear` and `Embedding`: shapes, scaling and initial values",
    ),
    _code(
        "course-11-4",
        "Hugging Face course, chapter 11.4",
        "Hugging Face",
        2025,
        f"{_HF}/course/blob/083290779a8e7f0edef678d5d5b693c2f2d31bcf/chapters/en/chapter11/4.mdx",
        "introduction and 'Key advantages of LoRA'",
    ),
    # TRL
    _code(
        "trl-config",
        "TRL 1.16.0, sft_config.py",
        "Hugging Face",
        2026,
        f"{_TRL}/sft_config.py#L97-L106",
        "`SFTConfig`, lines 97-106 and 261-273: `completion_only_loss` follows the data set, "
        "`assistant_only_loss` is off",
    ),
    _code(
        "trl-trainer",
        "TRL 1.16.0, sft_trainer.py",
        "Hugging Face",
        2026,
        f"{_TRL}/sft_trainer.py#L959-L964",
        "`SFTTrainer.__init__`, lines 959-964 (prompt and completion columns decide); building "
        "the labels, lines 1407-1426",
    ),
    # bitsandbytes
    _code(
        "bnb-optimizer",
        "bitsandbytes 0.50.2, optimizer.py",
        "bitsandbytes",
        2026,
        f"{_BITSANDBYTES}/optim/optimizer.py#L491-L529",
        "`Optimizer2State.init_state`, lines 491-529: 32 bits below 4,096 numbers, else 8 bits "
        "and one fp32 scale for each 256",
    ),
    _code(
        "bnb-4bit",
        "bitsandbytes 0.50.2, functional.py",
        "bitsandbytes",
        2026,
        f"{_BITSANDBYTES}/functional.py#L917-L940",
        "`quantize_4bit`, lines 917-918 (block of 64) and 938-940 (scales again in blocks of 256)",
    ),
)

_PAGES = (
    # Units and number formats
    _code(
        "nist-binary",
        "Prefixes for binary multiples",
        "NIST",
        1998,
        "https://physics.nist.gov/cuu/Units/binary.html",
        "table of prefixes and examples: 1 GiB = 2³⁰ bytes, 1 GB = 10⁹ bytes",
    ),
    _code(
        "cuda-tf32",
        "CUDA Math API 13.4, __nv_tf32",
        "NVIDIA",
        2026,
        "https://docs.nvidia.com/cuda/developer-preview/13.4/cuda-math-api/cuda_math_api/"
        "struct____nv__tf32.html",
        "description: at least 19 bits used, 32 bits stored",
    ),
    # Bytes for each parameter
    _code(
        "cs336-lecture2",
        "Stanford CS336, lecture 2",
        "Percy Liang",
        2026,
        "https://github.com/stanford-cs336/lectures/blob/"
        "22c84ae999c84bf95e991ba5ac29c5fdfc203c31/lecture_02.py",
        "`motivating_questions`: 2 + 2 + (4 + 4) = 12 bytes; `tensors_memory`: number formats",
    ),
    _code(
        "hf-memory-anatomy",
        "Model training anatomy (Transformers documentation)",
        "Hugging Face",
        2023,
        f"{_HF}/transformers/blob/249ef8164cfbd8e288c2f6d8395539b9e90e8300/docs/source/en/"
        "model_memory_anatomy.md",
        "section 'Anatomy of Model's Memory': 6 (weights) + 8 (AdamW) + 4 (gradients) = 18 bytes",
    ),
    _code(
        "megatron-memory",
        "Megatron-LM, theoretical_memory_usage.py",
        "NVIDIA",
        2023,
        "https://github.com/NVIDIA/Megatron-LM/blob/"
        "00caa53af30912914981c86f39db123961678bbd/megatron/training/theoretical_memory_usage.py",
        "`compute_weight_and_optimizer_memory`: 18 bytes, or 6 + 12 / data-parallel size",
    ),
    _code(
        "eleuther-memory",
        "EleutherAI cookbook, calc_transformer_mem.py",
        "EleutherAI",
        2025,
        "https://github.com/EleutherAI/cookbook/blob/"
        "069ae2ef9f69f8fb3f1413272015ccb59f3d4a6c/calc/calc_transformer_mem.py",
        "`calc_mem`: 2 + 4 + 12 bytes by default; its KV cache has no factor 2",
    ),
    _code(
        "scaling-book-training",
        "How To Scale Your Model, part 5",
        "Google DeepMind",
        2025,
        "https://github.com/jax-ml/scaling-book/blob/"
        "04d8de58b9f64e2d6cc1df469b8a36f506a0138d/training.md",
        "section 'Data Parallelism', footnote: 2 + 8 = 10 bytes, gradients not counted",
    ),
    _code(
        "scaling-book-inference",
        "How To Scale Your Model, part 7",
        "Google DeepMind",
        2025,
        "https://github.com/jax-ml/scaling-book/blob/"
        "04d8de58b9f64e2d6cc1df469b8a36f506a0138d/inference.md",
        "section 'What about memory?': size of the KV cache; 8,192 tokens of a 13B model, 6.7 GB",
    ),
)

SOURCES: dict[str, Source] = {source.key: source for source in (*_PAPERS, *_LIBRARIES, *_PAGES)}
"""Every source by its key, in the order of the groups above."""


def cite(key: str) -> str:
    """Return a short Markdown link to a source, such as `[Hu et al. (2021)](https://…)`."""
    source = _find(key)
    return f"[{source.short}]({source.url})"


def source_list(*keys: str) -> str:
    """Return a Markdown list of sources: authors, year, linked title, and the place read."""
    return "\n".join(_item(_find(key)) for key in keys)


def _find(key: str) -> Source:
    try:
        return SOURCES[key]
    except KeyError:
        message = f"no source has the key {key!r}; the keys are {', '.join(SOURCES)}"
        raise ValueError(message) from None


def _item(source: Source) -> str:
    *first, last = source.authors
    names = f"{', '.join(first)} and {last}" if first else last
    return f"- {names} ({source.year}). [{source.title}]({source.url}): {source.where}."
