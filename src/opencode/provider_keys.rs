//! The variables with keys of well-known model providers, as opencode names them (`GET /provider`, opencode 1.18).

/// Variable, and title of the provider. The page suggests them in this order.
pub const PROVIDER_KEYS: [(&str, &str); 16] = [
    ("ANTHROPIC_API_KEY", "Anthropic"),
    ("OPENAI_API_KEY", "OpenAI"),
    ("OPENROUTER_API_KEY", "OpenRouter"),
    ("GEMINI_API_KEY", "Google"),
    ("GROQ_API_KEY", "Groq"),
    ("MISTRAL_API_KEY", "Mistral"),
    ("DEEPSEEK_API_KEY", "DeepSeek"),
    ("XAI_API_KEY", "xAI"),
    ("TOGETHER_API_KEY", "Together AI"),
    ("FIREWORKS_API_KEY", "Fireworks AI"),
    ("CEREBRAS_API_KEY", "Cerebras"),
    ("PERPLEXITY_API_KEY", "Perplexity"),
    ("COHERE_API_KEY", "Cohere"),
    ("HF_TOKEN", "Hugging Face"),
    ("MOONSHOT_API_KEY", "Moonshot AI"),
    ("OPENCODE_API_KEY", "OpenCode Zen"),
];

/// Whether a user must not set this variable: opencode and the router use it for the session itself.
pub fn is_reserved(name: &str) -> bool {
    super::session_environment::is_opencodes(name) && !PROVIDER_KEYS.iter().any(|(key, _)| *key == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opencodes_own_variables_are_reserved_except_for_keys() {
        for (name, reserved) in [
            ("OPENCODE_SERVER_PASSWORD", true),
            ("OPENCODE_CONFIG_CONTENT", true),
            ("OPENCODE_API_KEY", false),
            ("ANTHROPIC_API_KEY", false),
        ] {
            assert_eq!(is_reserved(name), reserved, "{name}");
        }
    }
}
