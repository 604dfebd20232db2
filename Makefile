PYTHON ?= python3
BIN = .venv/bin

.PHONY: course test lab lint lock setup

course: setup  ## the whole course in the short profile: executed notebooks and a table of results
	$(BIN)/course run --profile short --resume
	$(BIN)/course report --profile short

test: setup  ## unit tests, then whole programs, then every notebook in the smoke profile
	$(BIN)/python -m pytest -n 2 --dist loadfile tests --ignore tests/programs --ignore tests/notebooks
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/programs
	$(BIN)/python -m pytest tests/notebooks

lab: setup  ## JupyterLab on the first notebook
	OMP_WAIT_POLICY=PASSIVE $(BIN)/jupyter lab notebooks/00_start_here.ipynb

lint: setup  ## style of code and notebooks; notebooks without outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --verify --keep-id --extra-keys "metadata.papermill cell.metadata.papermill" notebooks/*.ipynb

lock: setup  ## compile requirements.lock from pyproject.toml; CUDA packages are torch's own business
	$(BIN)/uv pip compile --universal --extra test --no-annotate --no-header --quiet pyproject.toml \
	  | grep -vE '^(nvidia-|cuda-|triton)' | sed -E 's/^(torch==[0-9.]+).*/\1/' > requirements.lock

setup:
	$(PYTHON) -m course_lib.install
