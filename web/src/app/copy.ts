/**
 * Copies text. The clipboard interface exists only on https and localhost; many servers are reached over plain http in
 * their own network, where a hidden field and the old command still work.
 */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Refused by the browser's settings: the old way may still be allowed.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "vh";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
