"""The notebook runs to its end on a real server, and finds what it says."""

import re
from pathlib import Path

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_premiers_pas.ipynb"


@pytest.fixture(scope="module")
def executed(server: str) -> nbformat.NotebookNode:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ORES_URL", server)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


def texts(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(str(output.get("text", "")) for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.mark.filterwarnings("ignore")
def test_it_finds_the_population_of_the_region(executed: nbformat.NotebookNode) -> None:
    assert "1228 communes, 3\u202f879\u202f216 habitants" in texts(executed)


@pytest.mark.filterwarnings("ignore")
def test_a_density_of_epci_is_a_ratio_of_sums(executed: nbformat.NotebookNode) -> None:
    found = re.search(r"rapport des sommes : (\S+) ;", texts(executed))
    assert found is not None
    assert float(found[1]) < 1e-9


@pytest.mark.filterwarnings("ignore")
def test_its_map_takes_its_files_from_the_observatory(executed: nbformat.NotebookNode, server: str) -> None:
    page = next(output["data"]["text/html"] for output in executed.cells[-1]["outputs"] if "data" in output)
    addresses = set(re.findall(r"""(?:src|href)=(?:&quot;|")(http[^"&]+)""", page))
    assert addresses
    assert all(address.startswith(server) for address in addresses), addresses
    assert {httpx.get(address).status_code for address in addresses} == {200}


def test_no_output_is_kept_in_the_repository() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
