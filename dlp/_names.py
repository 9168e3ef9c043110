"""The names of settings that libraries know, as data.

Those that are read stand where they are read, in `_training`; what stands here changes no byte.
"""

IGNORED = """
_n_gpu accelerator_config adam_beta1 adam_beta2 adam_epsilon assistant_only_loss
auto_find_batch_size average_tokens_across_devices batch_eval_metrics bf16_full_eval cache_dir
chat_template_kwargs chat_template_path completion_only_loss data_seed dataloader_drop_last
dataloader_in_order dataloader_multiprocessing_context dataloader_num_workers
dataloader_persistent_workers dataloader_pin_memory dataloader_prefetch_factor dataset_kwargs
dataset_num_proc dataset_text_field ddp_backend ddp_broadcast_buffers ddp_bucket_cap_mb
ddp_find_unused_parameters ddp_static_graph ddp_timeout debug delta device_map disable_tqdm
discopop_tau dispatch_batches do_eval do_predict do_train ds3_gather_for_generation
enable_jit_checkpoint entropy_coef entropy_coef_delta entropy_coef_max entropy_coef_min
entropy_target eos_token epsilon epsilon_high eval_accumulation_steps eval_delay
eval_do_concat_batches eval_on_start eval_packing eval_steps eval_strategy eval_use_gather_object
evaluation_strategy experts_implementation f_alpha_divergence_coef f_divergence_type force_download
fp16_backend fp16_full_eval fp16_opt_level fsdp_config deepspeed fsdp fsdp_min_num_params
fsdp_transformer_layer_cls_to_wrap full_determinism greater_is_better group_by_length
half_precision_backend hub_always_push hub_model_id hub_private_repo hub_revision hub_strategy
hub_token ignore_data_skip ignore_mismatched_sizes importance_sampling_level include_for_metrics
include_inputs_for_metrics include_num_input_tokens_seen include_tokens_per_second jit_mode_eval
key_mapping label_names label_smoothing ld_alpha learning_rate length_column_name
load_best_model_at_end local_files_only local_rank log_completions log_completions_hub_repo
log_level log_level_replica log_multimodal log_on_each_node log_unique_prompts logging_dir
logging_first_step logging_nan_inf_filter logging_steps logging_strategy loss_weights
low_cpu_mem_usage lr_scheduler_kwargs lr_scheduler_type mask_truncated_completions max_memory
max_steps max_tool_calling_iterations metric_for_best_model min_p mp_parameters
multi_objective_aggregation no_cuda num_completions_to_print num_generations_eval num_iterations
num_train_epochs off_policy_mask_threshold offload_folder output_dir overwrite_output_dir
pad_to_multiple_of pad_token pad_token_id past_index per_device_eval_batch_size
per_gpu_eval_batch_size per_gpu_train_batch_size precompute_ref_batch_size prediction_loss_only
project proxies push_to_hub push_to_hub_model_id push_to_hub_organization push_to_hub_token
ray_scope ref_model_mixup_alpha ref_model_sync_steps remove_unused_columns repetition_penalty
report_to restore_callback_states_from_checkpoint resume_from_checkpoint revision reward_weights
router_aux_loss_coef run_name sapo_temperature_neg sapo_temperature_pos save_on_each_node
save_only_model save_safetensors save_steps save_strategy save_total_limit scale_rewards seed
shuffle_dataset skip_memory_metrics split_batches subfolder sync_ref_model temperature tf32 token
top_entropy_quantile top_k top_p torch_empty_cache_steps tpu_metrics_debug tpu_num_cores
trackio_bucket_id trackio_space_id trackio_static_space_id train_sampling_strategy
transformers_continuous_batching_config truncation_mode trust_remote_code use_adaptive_entropy
use_bias_correction_kl use_ipex use_legacy_prediction_loop use_safetensors
use_weighting variant vespo_k_neg vespo_k_pos vespo_lambda_neg vespo_lambda_pos
vllm_enable_sleep_mode vllm_gpu_memory_utilization vllm_group_port vllm_importance_sampling_cap
vllm_importance_sampling_clip_max vllm_importance_sampling_clip_min
vllm_importance_sampling_correction vllm_importance_sampling_mode vllm_max_model_length vllm_mode
vllm_model_impl vllm_server_base_url vllm_server_host vllm_server_port vllm_server_timeout
vllm_structured_outputs_regex vllm_tensor_parallel_size warmup_ratio warmup_steps
""".split()  # noqa: SIM905
"""Names of `TrainingArguments`, of TRL's configs and of `from_pretrained`, of all releases read."""

REFUSED = {
    "activation_offloading": "what waits in the host's memory is not known",
    "cast_lm_head_to_fp32": "what a wider output head holds is not known",
    "label_smoothing_factor": "another loss is computed then, which is not known",
    "neftune_noise_alpha": "what noise on embeddings holds is not known",
    "optim_target_modules": "what optimizers of low rank hold is not known",
    "parallelism_config": "what devices share is said by num_devices, stage and offload",
    "quantization_config": "what is quantized is said by the argument quantization",
    "torch_compile_backend": "it turns torch_compile on",
    "torch_compile_mode": "it turns torch_compile on",
    "torchdynamo": "it turns torch_compile on",
    "use_cpu": "a step on a processor holds something else",
    "use_mps_device": "a step on another device holds something else",
    "use_kernels": "what kernels from a hub hold is not known",
}
"""Names that change what a step holds, and why they must be left out."""

BITS = """
bnb_4bit_quant_storage llm_int8_enable_fp32_cpu_offload
llm_int8_threshold quant_method _load_in_4bit _load_in_8bit
""".split()  # noqa: SIM905
"""Names of `BitsAndBytesConfig`, and of what a `config.json` says of it besides."""
