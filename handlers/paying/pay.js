// The payment page's own script: shows the gateway's fields for a card, and sends a token of what was typed there.
// The one rule: nothing of a card is ever in this page or sent to this site. Without this script the page works too:
// then a card is asked for on the gateway's own page.
"use strict";

(() => {
  const form = document.getElementById("pay");
  if (!form) return;
  const { script, key, currency, gateway } = form.dataset;
  const amounts = JSON.parse(form.dataset.amounts || "{}");
  const button = document.getElementById("go");
  const wrong = document.getElementById("wrong");
  const place = document.getElementById("card");
  let stripe = null;
  let elements = null;

  const chosen = (name) => form.querySelector(`input[name="${name}"]:checked, input[name="${name}"][type="hidden"]`)?.value;

  const plan = () => form.querySelector('input[name="schedule"]:checked, input[name="schedule"][type="hidden"]');

  const fieldsWanted = () => Boolean(window.Stripe && script) && chosen("way") === gateway;

  /** Says what is wrong, where screen readers hear it, and gives the focus to it. */
  const tell = (message) => {
    wrong.textContent = message;
    wrong.hidden = !message;
    if (message) wrong.focus();
  };

  const busy = (is) => {
    button.disabled = is;
    form.setAttribute("aria-busy", String(is));
  };

  const mount = () => {
    const amount = amounts[plan().value];
    if (elements) {
      elements.update({ amount });
      return;
    }
    stripe = window.Stripe(key);
    elements = stripe.elements({
      mode: "payment",
      amount,
      currency,
      captureMethod: "manual",
      paymentMethodTypes: ["card"],
      appearance: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe" },
    });
    elements.create("payment").mount(place);
  };

  /** What is shown follows from what is chosen. */
  const follow = () => {
    const due = plan()?.dataset.due;
    const label = form.querySelector('input[name="way"]:checked')?.dataset.label;
    if (due && label) button.textContent = label.replace("{due}", due);
    place.hidden = !fieldsWanted();
    for (const note of form.querySelectorAll("[data-for-way]")) {
      note.hidden = note.dataset.forWay !== chosen("way");
    }
    if (fieldsWanted()) mount();
  };

  /** A token of what was typed into the gateway's fields. */
  const token = async () => {
    const { error } = await elements.submit();
    if (error) return { error };
    const keeps = Boolean(form.querySelector('input[name="keep"]:checked'));
    elements.update({ setupFutureUsage: keeps ? "off_session" : null });
    return stripe.createConfirmationToken({ elements });
  };

  form.addEventListener("change", follow);
  form.addEventListener("submit", async (event) => {
    if (button.disabled || !fieldsWanted()) {
      if (button.disabled) event.preventDefault();
      else busy(true);
      return;
    }
    event.preventDefault();
    busy(true);
    tell("");
    try {
      const { error, confirmationToken } = await token();
      if (error) {
        tell(error.message || "Please look at the card's details again.");
        busy(false);
        return;
      }
      form.elements.payment_method.value = confirmationToken.id;
      form.submit();
    } catch (failure) {
      tell("The card form cannot be reached. Nothing was charged: try again, or choose another way to pay.");
      busy(false);
    }
  });
  // A page that the browser kept for "back" may be sent again: it is another look at it, and no second attempt.
  window.addEventListener("pageshow", () => busy(false));
  follow();
})();
