//! The program and its login shells have the same search path.

use std::process::Command;

#[test]
fn login_shell_finds_the_programs_of_the_session() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".profile"), "PATH=\"${SESSION_PATH:-none}\"\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    command.args(["run", "--", "bash", "-l", "-c", "echo \"$PATH\""]);
    command.env_clear().env("HOME", home.path()).env("PATH", "/opt/corp/bin:/usr/bin:/bin");
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "/opt/corp/bin:/usr/bin:/bin\n");
}
