// The inside of the Payment Element's frame: it takes a card or a wallet, and gives a confirmation token.
"use strict";

(() => {
  const KEY = decodeURIComponent(location.hash.slice(1));
  const TOKENS = new URL("../../v1/confirmation_tokens", location.href);
  /** A wallet pays with a card that it has: the good one. */
  const IN_WALLET = { number: "4242424242424242", expiry: "12/40", cvc: "123" };
  const form = document.getElementById("form");
  const problem = document.getElementById("problem");
  let parentOrigin = "*"; // who opened the frame is known with its first question

  const tell = (kind, told, id) => window.parent.postMessage({ kind, id, told }, parentOrigin);

  const typed = () => Object.fromEntries(new FormData(form).entries());

  const isComplete = (given) =>
    given.wallet !== "" ||
    (given.number.replace(/\D/g, "").length >= 12 && /^\s*\d\d?\s*\/\s*\d\d(\d\d)?\s*$/.test(given.expiry) && /^\d{3,4}$/.test(given.cvc.trim()));

  const resize = () => tell("resize", { height: Math.ceil(form.getBoundingClientRect().height) + 16 });

  const changed = () => {
    const given = typed();
    const isCard = given.wallet === "";
    document.getElementById("card").hidden = !isCard;
    show(null);
    tell("change", {
      complete: isComplete(given),
      empty: isCard && !given.number && !given.expiry && !given.cvc,
      collapsed: false,
      value: { type: isCard ? "card" : given.wallet },
    });
  };

  const show = (message) => {
    problem.textContent = message ?? "";
    problem.hidden = !message;
    resize();
  };

  const incomplete = () => {
    const error = { type: "validation_error", code: "incomplete", message: "Your card's details are incomplete." };
    show(error.message);
    return { error };
  };

  const submit = () => {
    const given = typed();
    return isComplete(given) ? { selectedPaymentMethod: given.wallet || "card" } : incomplete();
  };

  const described = (given, { params, usage }) => {
    const card = given.wallet === "" ? given : IN_WALLET;
    const [month, year] = card.expiry.split("/").map((part) => part.trim());
    const body = new URLSearchParams({
      "payment_method_data[type]": "card",
      "payment_method_data[card][number]": card.number,
      "payment_method_data[card][exp_month]": month,
      "payment_method_data[card][exp_year]": year,
      "payment_method_data[card][cvc]": card.cvc.trim(),
    });
    if (given.wallet !== "") body.set("payment_method_data[card][wallet]", given.wallet);
    for (const [name, value] of Object.entries(params.payment_method_data?.billing_details ?? {})) {
      if (typeof value === "string") body.set(`payment_method_data[billing_details][${name}]`, value);
    }
    if (params.return_url) body.set("return_url", params.return_url);
    if (usage) body.set("setup_future_usage", usage);
    return body;
  };

  const token = async (wish) => {
    const given = typed();
    if (!isComplete(given)) return incomplete();
    const answer = await fetch(TOKENS, {
      method: "POST",
      headers: { Authorization: `Bearer ${KEY}` },
      body: described(given, wish),
    });
    const body = await answer.json();
    show(body.error?.message);
    return body.error ? { error: body.error } : { confirmationToken: body };
  };

  const ANSWERS = { submit, token, focus: () => form.elements.number.focus() };

  window.addEventListener("message", async (event) => {
    if (event.source !== window.parent || !(event.data?.kind in ANSWERS)) return;
    parentOrigin = event.origin;
    const { kind, id, wish } = event.data;
    try {
      tell("answer", await ANSWERS[kind](wish), id);
    } catch (failure) {
      const error = { type: "api_connection_error", message: `The payment's stand-in cannot be reached: ${failure.message}` };
      tell("answer", { error }, id);
    }
  });
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  new ResizeObserver(resize).observe(form);
  tell("ready", {});
})();
