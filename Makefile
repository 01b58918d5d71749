# What a newcomer types. Every target installs what it needs the first time, and nothing the second time.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: run stop clean test check bench bench-tiles bench-store bench-peers contract demo-data lock help install install-dev

ORES := .venv/bin/ores
PYTHON_IN := .venv/bin/python
DATA ?= ../shared/data

run: install ## Tout préparer, servir sur http://127.0.0.1:8000 et dire quoi ouvrir (Ctrl-C pour arrêter)
	@$(ORES) up

stop: ## Arrêter, depuis un autre terminal, ce que « make run » a lancé
	@test ! -x $(ORES) || $(ORES) stop

clean: ## Supprimer tout ce que « make run » a fait : données, environnement, fichiers construits
	@scripts/clean.sh

test: check ## Vérifier le code, puis passer tous les tests (vrai PostGIS, vrai navigateur)
	@$(PYTHON_IN) -m api.assets --tests
	@$(PYTHON_IN) -m pytest --numprocesses auto --dist loadfile

contract: install-dev ## Confronter longuement l’interface à sa description (schemathesis, toutes ses phases)
	@ORES_CONTRACT_EXAMPLES=$${ORES_CONTRACT_EXAMPLES:-50} $(PYTHON_IN) -m pytest -q tests/test_contract.py

check: install-dev ## Vérifier la forme, le style, les types, et qui importe qui
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: ## Tout chronométrer : tuiles, documents, entrepôt (environ dix minutes)
	@$(MAKE) bench-tiles; tiles=$$?; $(MAKE) bench-store && exit $$tiles

bench-tiles: install-dev ## Chronométrer tuiles et documents, à froid et à chaud, à côté du SQL seul
	@$(PYTHON_IN) bench/run.py

bench-store: install-dev ## Mesurer l’entrepôt à la taille de la France (18,9 millions de valeurs, une base à part)
	@$(PYTHON_IN) bench/store.py

bench-peers: install-dev ## Comparer à tipg et à pygeoapi, sur la même base, dans la même exécution
	@scripts/peers.sh
	@$(PYTHON_IN) bench/peers.py

demo-data: install ## Importer les fichiers de DATA (../shared/data) que les recettes savent lire, et publier
	@scripts/demo-data.sh "$(DATA)"

lock: ## Refaire les fichiers de versions (demande uv)
	@scripts/lock.sh

help: ## Montrer cette liste
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo "  Réglages : ORES_REGION (52, ou all), ORES_PORT (8000), ORES_HOME (.ores), DATABASE_URL, DATA (dossier de demo-data)"

install:
	@scripts/system.sh venv postgis
	@scripts/venv.sh requirements.txt
	@scripts/node.sh

install-dev:
	@DATABASE_URL= scripts/system.sh venv postgis chromium nginx
	@scripts/venv.sh requirements-dev.txt
	@scripts/node.sh
