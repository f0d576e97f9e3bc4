// A stand-in for Stripe.js, as far as the Payment Element and its confirmation tokens go.
// The one rule: nothing that a payer types is in this page; the frame has it, and gives a token of it.
"use strict";

(() => {
  const FRAME = new URL("element", document.currentScript.src);

  /** One Payment Element: a frame, what it told, and what it is asked for. */
  class PaymentElement {
    constructor(key, options) {
      this.handlers = new Map();
      this.waiting = new Map();
      this.count = 0;
      this.options = options;
      this.frame = document.createElement("iframe");
      this.frame.src = `${FRAME}#${encodeURIComponent(key)}`;
      this.frame.title = "Payment details";
      this.frame.allow = "payment *";
      this.frame.setAttribute("width", "100%");
      this.frame.setAttribute("height", "320");
      this.frame.setAttribute("frameborder", "0");
      this.listen = (event) => this.hear(event);
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!place) throw new Error(`There is no element ${target} to mount the Payment Element in.`);
      window.addEventListener("message", this.listen);
      place.replaceChildren(this.frame);
    }

    unmount() {
      window.removeEventListener("message", this.listen);
      this.frame.remove();
    }

    destroy() {
      this.unmount();
      this.handlers.clear();
    }

    on(kind, handler) {
      this.handlers.set(kind, [...(this.handlers.get(kind) ?? []), handler]);
      return this;
    }

    off(kind, handler) {
      const left = (this.handlers.get(kind) ?? []).filter((each) => handler && each !== handler);
      this.handlers.set(kind, left);
      return this;
    }

    update(options) {
      this.options = { ...this.options, ...options };
    }

    focus() {
      this.ask("focus", {});
    }

    hear(event) {
      if (event.source !== this.frame.contentWindow || event.origin !== FRAME.origin) return;
      const { kind, id, told } = event.data;
      if (kind === "resize") this.frame.setAttribute("height", String(told.height));
      else if (kind === "answer") this.settle(id, told);
      else for (const handler of this.handlers.get(kind) ?? []) handler({ elementType: "payment", ...told });
    }

    settle(id, told) {
      this.waiting.get(id)?.(told);
      this.waiting.delete(id);
    }

    ask(kind, wish) {
      const id = ++this.count;
      return new Promise((resolve) => {
        this.waiting.set(id, resolve);
        this.frame.contentWindow.postMessage({ kind, id, wish }, FRAME.origin);
      });
    }
  }

  class Elements {
    constructor(key, options) {
      this.key = key;
      this.options = { ...options };
      this.element = null;
    }

    create(kind, options) {
      if (kind !== "payment") throw new Error(`This stand-in has no ${kind} Element, only payment.`);
      if (this.element) throw new Error("There is a Payment Element already.");
      this.element = new PaymentElement(this.key, { ...options });
      return this.element;
    }

    getElement(kind) {
      return kind === "payment" ? this.element : null;
    }

    update(options) {
      Object.assign(this.options, options);
    }

    async fetchUpdates() {
      return {};
    }

    async submit() {
      if (!this.element) throw new Error("There is no Payment Element to submit.");
      return this.element.ask("submit", {});
    }
  }

  class StandIn {
    constructor(key) {
      this.key = key;
    }

    elements(options = {}) {
      return new Elements(this.key, options);
    }

    /** Resolves to `{confirmationToken}` or `{error}`, as Stripe.js does. */
    async createConfirmationToken({ elements, params = {} }) {
      if (!elements?.element) throw new Error("createConfirmationToken needs elements with a Payment Element.");
      const usage = elements.options.setupFutureUsage ?? elements.options.setup_future_usage ?? null;
      return elements.element.ask("token", { params, usage });
    }
  }

  const Stripe = (key) => {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw new Error("Please call Stripe() with your publishable key.");
    }
    return new StandIn(key);
  };
  Stripe.version = 3;
  window.Stripe = Stripe;
})();
