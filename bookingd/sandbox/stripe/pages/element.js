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

  /** What a card needs, each with the vendor's code and words for it. */
  const NEEDED = [
    ["incomplete_number", "Your card number is incomplete.", (card) => card.number.replace(/\D/g, "").length >= 12],
    ["incomplete_expiry", "Your card's expiration date is incomplete.", (card) => expiry(card) !== null],
    ["incomplete_cvc", "Your card's security code is incomplete.", (card) => /^\d{3,4}$/.test(card.cvc.trim())],
  ];

  /** Month and year: a keyboard of digits has no slash, so `1234` is `12/34`. */
  const expiry = (card) => {
    const found = /^(\d\d?)\s*\/\s*(\d\d(?:\d\d)?)$|^(\d\d)(\d\d(?:\d\d)?)$/.exec(card.expiry.trim());
    return found && [found[1] ?? found[3], found[2] ?? found[4]];
  };

  const lacking = (given) => (given.wallet === "" ? NEEDED.find(([, , isThere]) => !isThere(given)) : undefined);

  const isComplete = (given) => !lacking(given);

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

  const incomplete = (given) => {
    const [code, message] = lacking(given);
    const error = { type: "validation_error", code, message };
    show(error.message);
    return { error };
  };

  const submit = () => {
    const given = typed();
    return isComplete(given) ? { selectedPaymentMethod: given.wallet || "card" } : incomplete(given);
  };

  const described = (given, { params, usage }) => {
    const card = given.wallet === "" ? given : IN_WALLET;
    const [month, year] = expiry(card);
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
    if (!isComplete(given)) return incomplete(given);
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
