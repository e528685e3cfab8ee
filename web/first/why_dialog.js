// The why picture of an incident, large, over the page.
import { element } from "./dom.js";
import { score } from "./words.js";

// Fetches with the login's token and shows it; throws when the server has none.
export async function showWhy(session, incident, signal) {
  const path = `/incidents/${encodeURIComponent(incident.id)}/media/why`;
  const response = await session.take(path, { signal });
  const address = URL.createObjectURL(await response.blob());
  const { best } = incident;
  const image = element("img", {
    src: address,
    alt: `Why it looks like ${incident.person_name}: similarity ${score(best.similarity)}, ` +
      `threshold ${score(best.threshold)}, ${best.gallery.persons} people searched`,
  });
  const close = element("button", { type: "button", textContent: "Close" });
  const dialog = element("dialog", {
    className: "why", attributes: { "aria-label": `Why it looks like ${incident.person_name}` },
  }, close, image);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    URL.revokeObjectURL(address);
  });
  document.body.append(dialog);
  dialog.showModal();
}
