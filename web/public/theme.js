// Runs before the first paint, so that a stored choice of theme never flashes. A file of its own: no inline script is allowed.
(function () {
  try {
    var theme = localStorage.getItem("sluice.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's choice then holds.
  }
})();
