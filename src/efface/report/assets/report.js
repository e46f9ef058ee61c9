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
  var end = document.getElementById("no-matches");
  var text = document.getElementById("filter-text");
  var sort = document.getElementById("sort");
  var choices = ["kind", "level", "characteristic", "state"].map(function (name) {
    return { name: name, input: document.getElementById("filter-" + name) };
  }).filter(function (choice) { return choice.input; });
  var wantedPlace = document.getElementById("filter-place");
  // The text of a finding is put together once: reading it from the page at each key is slow.
  var places = Array.prototype.map.call(document.querySelectorAll("section.place"), function (place, number) {
    var name = place.querySelector("h3").textContent.toLowerCase();
    var parts = Array.prototype.map.call(place.querySelectorAll(".part"), function (part) {
      var heading = part.querySelector("h4");
      var inner = name + " " + (heading ? heading.textContent.toLowerCase() : "") + " ";
      var rows = part.querySelector(".rows");
      var findings = Array.prototype.map.call(part.querySelectorAll("article.finding"), function (finding, at) {
        return { node: finding, marks: finding.dataset, at: at, text: inner + finding.textContent.toLowerCase() };
      });
      return { node: part, rows: rows, findings: findings };
    });
    return { node: place, marks: place.dataset, at: number, name: name, parts: parts };
  });
  function fits(place, finding, wanted) {
    return (!wantedPlace || !wantedPlace.value || place.marks.place === wantedPlace.value)
      && choices.every(function (choice) {
        return !choice.input.value || finding.marks[choice.name] === choice.input.value;
      })
      && finding.text.indexOf(wanted) >= 0;
  }
  function refresh() {
    var wanted = text.value.toLowerCase();
    var all = 0;
    places.forEach(function (place) {
      var shown = 0;
      place.parts.forEach(function (part) {
        var here = 0;
        part.findings.forEach(function (finding) {
          var match = fits(place, finding, wanted);
          finding.node.hidden = !match;
          here += match ? 1 : 0;
        });
        part.node.hidden = here === 0;
        shown += here;
      });
      place.node.hidden = shown === 0;
      all += shown;
    });
    document.getElementById("shown-count").textContent = String(all);
    end.hidden = all > 0;
  }
  function number(value) { return Number(value) || 0; }
  var keys = {
    verdict: function (one, other) { return one.at - other.at; },
    place: function (one, other) {
      return one.name === undefined ? one.at - other.at : (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
    },
    level: function (one, other) { return number(other.marks.level) - number(one.marks.level) || one.at - other.at; },
    count: function (one, other) { return number(other.marks.count) - number(one.marks.count) || one.at - other.at; },
    confidence: function (one, other) {
      return number(other.marks.confidence) - number(one.marks.confidence) || one.at - other.at;
    }
  };
  function order() {
    var key = keys[sort.value] || keys.verdict;
    var moved = document.createDocumentFragment();
    places.slice().sort(key).forEach(function (place) {
      moved.appendChild(place.node);
      place.parts.forEach(function (part) {
        if (part.findings.length < 2) { return; }
        part.findings.slice().sort(key).forEach(function (finding) { part.rows.appendChild(finding.node); });
      });
    });
    end.parentNode.insertBefore(moved, end);
  }
  text.addEventListener("input", refresh);
  choices.forEach(function (choice) { choice.input.addEventListener("input", refresh); });
  if (wantedPlace) { wantedPlace.addEventListener("input", refresh); }
  sort.addEventListener("input", order);
}());
