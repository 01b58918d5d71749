// Paints the territories: colours and radii are states of the features, patterns are layers filtered by code.
// Geometry is loaded once per level and geography; a new indicator or year changes states alone.

const PLAIN = { aplats: "#ffffff", cercles: "#cfcabb" }; // thin borders: white between colours, drawn on a bare map
const CROISSANCE = 1.3; // circles grow by this much per zoom level

export class Peintre {
  constructor(vue) {
    this.carte = vue.map;
    this.bornes = vue.bounds;
    this.gl = vue.tiles.getMaplibreMap();
    this.boite = vue.map.getContainer();
    this.valeurs = new Map(); // code -> what is known of it
    this.tuiles = {};
    this.niveau = null;
    this.marques = {}; // state -> the feature that has it
    this.pret = new Promise((resoudre) => {
      if (this.gl.loaded()) resoudre();
      else this.gl.once("load", resoudre);
    }).then(() => this.motifs());
    this.zoom0 = this.carte.getBoundsZoom(this.bornes, false, [20, 20]) - 1;
    this.gl.on("zoom", () => this.legende());
    new ResizeObserver(() => { this.carte.invalidateSize({ pan: false }); this.rayons(); }).observe(this.boite);
    window.addEventListener("beforeprint", () => this.imprimer());
    window.addEventListener("afterprint", () => this.boite.closest(".carte").classList.remove("imprimable"));
    this.boite.dataset.etat = "attente";
  }

  /** Give MapLibre the patterns of the legend, drawn from the same SVG. */
  motifs() {
    for (const motif of document.querySelectorAll(".motifs pattern")) {
      const cote = Number(motif.getAttribute("width"));
      const toile = document.createElement("canvas");
      toile.width = toile.height = cote * 2;
      const plume = toile.getContext("2d", { willReadFrequently: true });
      plume.scale(2, 2);
      const fond = motif.querySelector("rect");
      if (fond) { plume.fillStyle = fond.getAttribute("fill"); plume.fillRect(0, 0, cote, cote); }
      const trait = motif.querySelector("path");
      plume.strokeStyle = trait.getAttribute("stroke");
      plume.lineWidth = Number(trait.getAttribute("stroke-width"));
      plume.lineCap = "round";
      plume.stroke(new Path2D(trait.getAttribute("d")));
      const nom = motif.id.replace("motif-", "");
      this.gl.addImage(nom, plume.getImageData(0, 0, cote * 2, cote * 2), { pixelRatio: 2 });
      for (const niveau of Object.keys(this.gl.getStyle().sources)) {
        this.gl.setPaintProperty(`${niveau}-${nom}`, "fill-pattern", nom);
      }
    }
    this.noms = [...document.querySelectorAll(".motifs pattern")].map((motif) => motif.id.replace("motif-", ""));
    this.tuiles = Object.fromEntries(
      Object.entries(this.gl.getStyle().sources).map(([niveau, source]) => [niveau, source.tiles[0]]),
    );
  }

  /** Show the values of a document as the state of the page says. */
  async montrer(etat, lues) {
    await this.pret;
    this.boite.dataset.etat = "attente";
    this.oublier();
    this.etat = etat;
    this.niveau = etat.niveau;
    for (const [niveau, adresse] of Object.entries(etat.tuiles)) {
      const entiere = location.origin + adresse;
      if (this.tuiles[niveau] !== entiere) {
        this.gl.getSource(niveau).setTiles([entiere]);
        this.tuiles[niveau] = entiere;
      }
    }
    // a value that is not significant is not read as a figure, as in the table
    this.valeurs = new Map(lues.codes.map((code, i) => [code, {
      id: lues.ids[i], code, statut: lues.statuses[i], part: lues.coverages?.[i] ?? 1,
      valeur: etat.sansChiffre.includes(lues.statuses[i]) ? null : lues.values[i],
    }]));
    for (const niveau of Object.keys(etat.tuiles)) this.couches(niveau, niveau === etat.niveau);
    const cercles = etat.forme === "cercles";
    for (const connu of this.valeurs.values()) {
      if (connu.valeur === null) continue;
      if (cercles) {
        const couleur = connu.valeur < 0 ? etat.couleurNegative : etat.couleurs[0];
        this.poser(`${this.niveau}-centres`, connu.id, { couleur, rayon: this.rayon(connu.valeur) });
      } else {
        this.poser(this.niveau, connu.id, { couleur: etat.couleurs[this.classe(connu.valeur)] });
      }
    }
    this.calques();
    if (cercles) {
      const rangs = Object.fromEntries([...this.valeurs.values()].map((connu) => [connu.code, -Math.abs(connu.valeur ?? 0)]));
      const cle = ["coalesce", ["get", ["get", "code"], ["literal", rangs]], 0];
      this.gl.setLayoutProperty(`${this.niveau}-cercles`, "circle-sort-key", cle, { validate: false });
      this.rayons();
    }
    this.marquer("choisi", etat.territoire);
    await new Promise((resoudre) => { this.gl.once("idle", resoudre); this.gl.triggerRepaint(); });
    this.boite.dataset.adresse = etat.url;
    this.boite.dataset.etat = "prete";
  }

  poser(couche, id, etats) {
    this.gl.setFeatureState({ source: this.niveau, sourceLayer: couche, id }, etats);
  }

  oublier() {
    if (!this.niveau) return;
    this.marques = {};
    for (const couche of [this.niveau, `${this.niveau}-centres`]) {
      this.gl.removeFeatureState({ source: this.niveau, sourceLayer: couche });
    }
  }

  /** The class of a value as it is read: the number of inner limits less than or equal to it, as on the server. */
  classe(valeur) {
    const lue = arrondir(valeur, this.etat.decimales);
    return this.etat.limites.filter((limite) => limite <= lue).length;
  }

  rayon(valeur) {
    return this.etat.maximum ? this.etat.rayon * Math.sqrt(Math.abs(valeur) / this.etat.maximum) : 0;
  }

  /** How much circles are enlarged at a zoom: less on a small screen, more when one looks closer. */
  echelle(zoom = this.gl.getZoom()) {
    const ecran = Math.min(1, Math.max(0.55, this.boite.clientWidth / 720));
    return ecran * CROISSANCE ** (zoom - this.zoom0);
  }

  rayons() {
    if (!this.etat || this.etat.forme !== "cercles") return;
    const rayon = ["coalesce", ["feature-state", "rayon"], 0];
    const [bas, haut] = [0, 16];
    this.gl.setPaintProperty(`${this.niveau}-cercles`, "circle-radius", [
      "interpolate", ["exponential", CROISSANCE], ["zoom"],
      bas, ["*", rayon, this.echelle(bas)], haut, ["*", rayon, this.echelle(haut)],
    ]);
    this.legende();
  }

  /** Keep the circles of the legend at the size of those of the map. */
  legende() {
    const dessin = document.querySelector(".legende .cercles");
    if (!dessin || this.etat?.forme !== "cercles") return;
    const groupes = [...dessin.querySelectorAll("g")];
    const vues = dessin.clientWidth ? 240 / dessin.clientWidth : 1;
    const rayons = groupes.map((groupe) => Number(groupe.dataset.rayon) * this.echelle() * vues);
    const grand = Math.max(...rayons);
    const base = Math.max(2 * grand + 8, 16);
    let ligne = -Infinity;
    groupes.forEach((groupe, i) => {
      const sommet = base - 2 * rayons[i];
      ligne = Math.max(ligne + 17, sommet + 5, 12);
      regler(groupe.querySelector("circle"), { cx: grand + 2, cy: base - rayons[i], r: rayons[i] });
      regler(groupe.querySelector("line"), { x1: grand + 2, x2: 2 * grand + 22, y1: sommet, y2: ligne - 5 });
      regler(groupe.querySelector("text"), { x: 2 * grand + 27, y: ligne });
    });
    dessin.setAttribute("viewBox", `0 0 240 ${Math.ceil(Math.max(base + 3, ligne + 5))}`);
  }

  couches(niveau, visible) {
    const cercles = this.etat.forme === "cercles";
    const roles = { aplat: true, limites: true, halo: true, contour: true, cercles };
    for (const [role, voulu] of Object.entries(roles)) {
      const voir = visible && voulu ? "visible" : "none";
      if (this.gl.getLayoutProperty(`${niveau}-${role}`, "visibility") !== voir) {
        this.gl.setLayoutProperty(`${niveau}-${role}`, "visibility", voir);
      }
    }
    if (visible) this.gl.setPaintProperty(`${niveau}-limites`, "line-color", PLAIN[this.etat.forme]);
    else for (const nom of this.noms) this.gl.setLayoutProperty(`${niveau}-${nom}`, "visibility", "none");
  }

  /** Filter the layer of each pattern to the codes whose status wants it. */
  calques() {
    const codes = Object.fromEntries(this.noms.map((nom) => [nom, []]));
    for (const connu of this.valeurs.values()) {
      const motifs = connu.valeur === null ? this.etat.motifsAbsents : this.etat.motifsPresents;
      const nom = motifs[connu.statut];
      if (nom) codes[nom].push(connu.code);
    }
    for (const nom of this.noms) {
      const couche = `${this.niveau}-${nom}`;
      const voulus = codes[nom];
      if (voulus.length) this.gl.setFilter(couche, ["match", ["get", "code"], voulus, true, false], { validate: false });
      this.gl.setLayoutProperty(couche, "visibility", voulus.length ? "visible" : "none");
    }
  }

  /** Put a mark (`survol`, `choisi`) on one territory, and take it off the one that had it. */
  marquer(marque, code) {
    const connu = code ? this.valeurs.get(code) : null;
    if (this.marques[marque] === connu?.id) return;
    if (this.marques[marque] !== undefined) this.poser(this.niveau, this.marques[marque], { [marque]: false });
    this.marques[marque] = connu?.id;
    if (connu) this.poser(this.niveau, connu.id, { [marque]: true });
  }

  /** Return the territory drawn at a place: {code, nom}, or null. */
  sous(lieu) {
    if (!this.niveau) return null;
    const point = this.gl.project([lieu.lng, lieu.lat]);
    const couches = [`${this.niveau}-aplat`];
    if (this.etat.forme === "cercles") couches.unshift(`${this.niveau}-cercles`);
    const trouve = this.gl.queryRenderedFeatures(point, { layers: couches })[0];
    return trouve ? { code: trouve.properties.code, nom: trouve.properties.nom } : null;
  }

  /** Return where a territory is, if a loaded tile has it: {nom, lieu}. */
  ou(code) {
    const trouve = this.gl.querySourceFeatures(this.niveau, {
      sourceLayer: `${this.niveau}-centres`, filter: ["==", ["get", "code"], code],
    })[0];
    if (!trouve) return null;
    const [lng, lat] = trouve.geometry.coordinates;
    return { nom: trouve.properties.nom, lieu: window.L.latLng(lat, lng) };
  }

  /** Copy what is on screen to the image that is printed: a canvas of MapLibre prints empty. */
  imprimer() {
    const image = document.querySelector(".impression");
    this.gl.redraw();
    const toile = this.gl.getCanvas();
    const marge = 0.1 / 1.2; // the layer is drawn a tenth larger on every side
    const [largeur, hauteur] = [toile.width / 1.2, toile.height / 1.2];
    image.width = largeur;
    image.height = hauteur;
    image.getContext("2d").drawImage(
      toile, toile.width * marge, toile.height * marge, largeur, hauteur, 0, 0, largeur, hauteur,
    );
    this.boite.closest(".carte").classList.add("imprimable");
  }
}

/** Round half away from zero, as the server does. */
export function arrondir(valeur, decimales) {
  const echelle = 10 ** decimales;
  return Math.sign(valeur) * Math.floor(Math.abs(valeur) * echelle + 0.5 + 1e-9) / echelle;
}

function regler(element, attributs) {
  for (const [nom, valeur] of Object.entries(attributs)) element.setAttribute(nom, Math.round(valeur * 100) / 100);
}
