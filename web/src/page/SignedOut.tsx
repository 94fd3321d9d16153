/** The list below may be outdated, and its actions fail until the page is reloaded. */
export function SignedOut() {
  return (
    <div class="problem" role="alert">
      <span>Your sign-in has ended. Reload the page to sign in.</span>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load again
      </button>
    </div>
  );
}
