/** The list below may be old, and nothing in it works until the page was loaded again. */
export function SignedOut() {
  return (
    <div class="problem" role="alert">
      <span>Your sign-in has ended. Load the page again to sign in.</span>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load again
      </button>
    </div>
  );
}
