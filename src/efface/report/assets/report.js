"use strict";
(function () {
  var root = document.documentElement;
  var languages = { "lang-zh": "zh-CN", "lang-en": "en" };
  document.querySelectorAll("input.switch[name=lang]").forEach(function (input) {
    input.addEventListener("change", function () { root.lang = languages[input.id]; });
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });
  var filters = document.querySelector(".filters");
  if (!filters) { return; }
  filters.hidden = false;
  var text = document.getElementById("filter-text");
  var kind = document.getElementById("filter-kind");
  var level = document.getElementById("filter-level");
  function refresh() {
    var wanted = text.value.toLowerCase();
    var any = false;
    document.querySelectorAll("section.place").forEach(function (place) {
      var shown = 0;
      var name = place.querySelector("h3").textContent.toLowerCase();
      place.querySelectorAll(".part").forEach(function (part) {
        var heading = part.querySelector("h4");
        var inner = name + " " + (heading ? heading.textContent.toLowerCase() : "");
        var here = 0;
        part.querySelectorAll("article.finding").forEach(function (finding) {
          var match = (!kind.value || finding.dataset.kind === kind.value)
            && (!level.value || finding.dataset.level === level.value)
            && (inner + " " + finding.textContent.toLowerCase()).indexOf(wanted) >= 0;
          finding.hidden = !match;
          here += match ? 1 : 0;
        });
        part.hidden = here === 0;
        shown += here;
      });
      place.hidden = shown === 0;
      any = any || shown > 0;
    });
    document.getElementById("no-matches").hidden = any;
  }
  [text, kind, level].forEach(function (input) { input.addEventListener("input", refresh); });
}());
