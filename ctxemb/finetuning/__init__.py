"""Fine-tuning: ULMFiT, GPT, BERT and ELMo as published, each for every family."""
