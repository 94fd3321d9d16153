//! The allow list of environment variables that opencode gets from the router's environment.

use std::ffi::OsString;

/// Variables that programs need on this machine.
const MACHINE: &[&str] = &[
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "SHELL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
];

/// opencode settings that make sense for every session.
const OPENCODE: &[&str] = &[
    "OPENCODE_CONFIG",
    "OPENCODE_CONFIG_CONTENT",
    "OPENCODE_CONFIG_DIR",
    "OPENCODE_PERMISSION",
    "OPENCODE_API_KEY",
    "OPENCODE_DISABLE_MODELS_FETCH",
    "OPENCODE_DISABLE_LSP_DOWNLOAD",
    "OPENCODE_DISABLE_SHARE",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS",
    "OPENCODE_MODELS_URL",
];

/// Variables with keys of opencode's providers (opencode's providers page; models.dev).
const PROVIDERS: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
    "XAI_API_KEY",
    "TOGETHER_API_KEY",
    "FIREWORKS_API_KEY",
    "CEREBRAS_API_KEY",
    "PERPLEXITY_API_KEY",
    "COHERE_API_KEY",
    "HF_TOKEN",
    "NVIDIA_API_KEY",
    "MOONSHOT_API_KEY",
    "ZHIPU_API_KEY",
    "DASHSCOPE_API_KEY",
    "MINIMAX_API_KEY",
    "VENICE_API_KEY",
    "DEEPINFRA_API_KEY",
    "BASETEN_API_KEY",
    "AI_GATEWAY_API_KEY",
    "GITHUB_MODELS_TOKEN",
    "AZURE_API_KEY",
    "AZURE_RESOURCE_NAME",
    "AZURE_COGNITIVE_SERVICES_RESOURCE_NAME",
    "CLOUDFLARE_ACCOUNT_ID",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_GATEWAY_ID",
    "AICORE_SERVICE_KEY",
    "OLLAMA_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_PROFILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_VERTEX_LOCATION",
    "VERTEX_LOCATION",
    "GOOGLE_APPLICATION_CREDENTIALS",
];

/// Whether this is a variable of opencode itself.
pub fn is_opencodes(name: &str) -> bool {
    name.starts_with("OPENCODE")
}

/// Selects the allowed variables.
pub fn allowed(all: impl Iterator<Item = (OsString, OsString)>) -> Vec<(String, String)> {
    let listed = |name: &str| [MACHINE, OPENCODE, PROVIDERS].iter().any(|list| list.contains(&name));
    let text = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.filter(|(name, _)| listed(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn router_variables_are_not_passed_on() {
        let all =
            [("PATH", "/bin"), ("ANTHROPIC_API_KEY", "k"), ("ADMIN_SECRET", "s"), ("HOME", "/h"), ("LD_PRELOAD", "x")];
        let all = all.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let names: Vec<_> = allowed(all).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "ANTHROPIC_API_KEY"]);
    }
}
