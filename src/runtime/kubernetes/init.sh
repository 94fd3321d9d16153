# Prepares the volume of a session before opencode starts: its home, and its project, cloned the first time and never
# touched again. Everything that a user chose comes in by the environment and is only ever used as one argument.
# Ends with 65 where a branch is missing, with another status where Git failed; what was printed says why.
set -eu
umask 077
mkdir -p home/.config/opencode/node_modules home/.local/share/opencode work
[ -e home/.gitconfig ] || git config --file home/.gitconfig user.name "$GIT_AUTHOR_NAME"
git config --file home/.gitconfig user.email >/dev/null || git config --file home/.gitconfig user.email "$GIT_AUTHOR_EMAIL"

# Without these, opencode 1.18 installs its plugin package into a new home over the network.
plugin="{\"@opencode-ai/plugin\":\"$(opencode --version)\"}"
config=home/.config/opencode
[ -e "$config/package.json" ] || printf '{"dependencies":%s}' "$plugin" > "$config/package.json"
[ -e "$config/package-lock.json" ] ||
  printf '{"lockfileVersion":3,"packages":{"":{"dependencies":%s}}}' "$plugin" > "$config/package-lock.json"

project="work/$PROJECT_NAME"
[ ! -e "$project" ] || exit 0
# A folder that a start left unfinished never gets the project's name.
draft=work/.unfinished
rm -rf "$draft"
trap '[ $? -eq 0 ] || rm -rf "$draft"' EXIT

has() { git -C "$draft" rev-parse --verify --quiet "$1^{commit}" > /dev/null; }
no_branch() {
  printf '%s, and try again.\n' "$1" >&2
  exit 65
}
# Runs Git. It redraws its progress with carriage returns, and only whole lines of a log are passed on.
in_lines() {
  lines=$(command -v stdbuf > /dev/null && printf 'stdbuf -oL') || :
  status=$({ { "$@" 2>&1 3>&- || echo $? >&3; } | $lines tr '\r' '\n' >&2; } 3>&1)
  return "${status:-0}"
}

if [ -z "${REPO_URL-}" ]; then
  git init --quiet --template= --initial-branch=main -- "$draft"
  git -C "$draft" commit --quiet --allow-empty --no-gpg-sign --message=Begin
else
  # No hook of a template runs, and nothing that the repository names is fetched besides.
  in_lines git -c core.hooksPath=/dev/null clone --progress --no-checkout --no-recurse-submodules -- "$REPO_URL" "$draft"
  if has "refs/remotes/origin/$BRANCH"; then
    in_lines git -C "$draft" checkout --progress -B "$BRANCH" --track "origin/$BRANCH" --
  elif [ -n "${SOURCE_BRANCH-}" ]; then
    has "refs/remotes/origin/$SOURCE_BRANCH" ||
      no_branch "Neither the branch “$BRANCH” nor “$SOURCE_BRANCH”, to create it from, exists. Name one that does"
    in_lines git -C "$draft" checkout --progress -b "$BRANCH" --no-track "origin/$SOURCE_BRANCH" --
  elif has HEAD; then
    no_branch "The branch “$BRANCH” does not exist. Name a branch to create it from"
  else
    # A repository without a commit: the branch begins here.
    git -C "$draft" symbolic-ref HEAD "refs/heads/$BRANCH"
  fi
fi
mv "$draft" "$project"
