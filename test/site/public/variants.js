/* The ways of ?variant= in which a page that has loaded is hard to drive. Numbers come with the page. */
{
  const asked = new Set((document.body.dataset.variant ?? '').split(' ').filter(Boolean));
  const numbers = JSON.parse(document.body.dataset.numbers ?? '{}');

  /** Every so often what is renewed is replaced by an equal element, with what was typed and where the caret was. */
  const renew = () => {
    for (const old of document.querySelectorAll('[data-renews]')) {
      const fresh = old.cloneNode(true);
      const field = old.querySelector('textarea');
      const caret = field && document.activeElement === field ? [field.selectionStart, field.selectionEnd] : null;
      if (field) fresh.querySelector('textarea').value = field.value;
      old.replaceWith(fresh);
      if (caret) {
        fresh.querySelector('textarea').focus({ preventScroll: true });
        fresh.querySelector('textarea').setSelectionRange(...caret);
      }
    }
  };

  /** The layout jumps by a button's height: on a timer, and once each time the mouse comes near. */
  const shift = ({ every, near }) => {
    const jump = () => document.body.classList.toggle('jumped');
    if (every > 0) setInterval(jump, every);
    if (near === 0) return;
    let isNear = false;
    const approach = ({ clientX, clientY }) => {
      const button = document.querySelector('[data-testid="comment-submit"]');
      if (!button) return;
      const box = button.getBoundingClientRect();
      const distance = Math.hypot(clientX - (box.left + box.width / 2), clientY - (box.top + box.height / 2));
      const wasNear = isNear;
      isNear = distance <= near;
      if (isNear && !wasNear) jump();
    };
    document.addEventListener('mousemove', approach);
    // WebKit's driver presses without moving there first.
    document.addEventListener('mouseover', approach);
  };

  /** The button goes round these places, in parts of the window, beneath the header and over nothing that can be pressed. */
  const places = [
    [0.3, 0.8],
    [0.62, 0.86],
    [0.44, 0.72],
    [0.56, 0.9],
    [0.34, 0.88],
    [0.6, 0.74]
  ];
  const move = ({ glide, rest }) => {
    const button = document.querySelector('[data-testid="comment-submit"]');
    if (!button) return;
    let place = 0;
    const put = () => {
      const [x, y] = places[place % places.length];
      button.style.transform = `translate(${Math.round(innerWidth * x)}px, ${Math.round(innerHeight * y)}px)`;
      place += 1;
    };
    put();
    const go = () => {
      button.style.transition = `transform ${glide}ms linear`;
      put();
      setTimeout(go, glide + rest);
    };
    setTimeout(go, rest);
  };

  if (asked.has('stale')) setInterval(renew, numbers.every);
  if (asked.has('shifting')) shift(numbers);
  if (asked.has('moving')) move(numbers);
  if (asked.has('covered')) setTimeout(() => document.querySelector('.cover')?.remove(), numbers.lasts);
  if (asked.has('leaving')) {
    document.addEventListener('mousedown', (event) => {
      const form = event.target.closest?.('[data-testid="comment-submit"]')?.form;
      if (!form?.reportValidity()) return;
      form.submit();
      // Where leaving takes long, the click that ends the press would submit it once more.
      form.addEventListener('submit', (again) => again.preventDefault());
    });
  }
  if (asked.has('alert')) addEventListener('load', () => setTimeout(() => alert('Welcome back to Lantern.')));
}
