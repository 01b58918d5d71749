// Display settings (text size, contrast), kept on this device alone and applied before the page is drawn.
(function () {
  "use strict";
  var racine = document.documentElement;
  var MAXIMUM = 4;
  var cle = "ores-affichage";

  function lire() {
    try { return JSON.parse(localStorage.getItem(cle)) || {}; } catch (erreur) { return {}; }
  }
  function garder(reglages) {
    try { localStorage.setItem(cle, JSON.stringify(reglages)); } catch (erreur) { /* private browsing: for this page only */ }
    appliquer(reglages);
  }
  function appliquer(reglages) {
    var taille = Math.min(MAXIMUM, Math.max(0, Number(reglages.taille) || 0));
    if (taille) { racine.dataset.taille = taille; } else { delete racine.dataset.taille; }
    if (reglages.contraste) { racine.dataset.contraste = "inverse"; } else { delete racine.dataset.contraste; }
    document.querySelectorAll("[data-reglage='contraste']").forEach(function (bouton) {
      bouton.setAttribute("aria-pressed", String(Boolean(reglages.contraste)));
    });
  }

  racine.classList.add("avec-js");
  appliquer(lire());

  document.addEventListener("DOMContentLoaded", function () {
    appliquer(lire());
    document.querySelectorAll(".outils").forEach(function (outils) { outils.hidden = false; });
    document.addEventListener("click", function (evenement) {
      var bouton = evenement.target.closest("[data-reglage]");
      if (!bouton) { return; }
      var reglages = lire();
      switch (bouton.dataset.reglage) {
        case "plus": garder({ taille: Math.min(MAXIMUM, (reglages.taille || 0) + 1), contraste: reglages.contraste }); break;
        case "moins": garder({ taille: Math.max(0, (reglages.taille || 0) - 1), contraste: reglages.contraste }); break;
        case "contraste": garder({ taille: reglages.taille, contraste: !reglages.contraste }); break;
        case "retablir": garder({}); break;
        case "imprimer": window.print(); break;
      }
    });
  });
})();
