"""Puts a folder into a container of Azurite, or gets the one blob whose name holds a text and ends with another.

azurite.py CONTAINER PREFIX FOLDER          azurite.py CONTAINER TEXT ENDING FILE
"""
import pathlib
import sys

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

# The account and key that every Azurite has.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
service = BlobServiceClient(
    "http://127.0.0.1:10000/devstoreaccount1", credential={"account_name": "devstoreaccount1", "account_key": KEY}, api_version="2021-12-02"
)
container = service.get_container_client(sys.argv[1])
try:
    container.create_container()
except ResourceExistsError:
    pass
if len(sys.argv) == 4:
    prefix, folder = sys.argv[2], pathlib.Path(sys.argv[3])
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            container.upload_blob(f"{prefix}/{path.relative_to(folder)}", path.read_bytes(), overwrite=True)
else:
    text, ending, file = sys.argv[2:5]
    names = [blob.name for blob in container.list_blobs() if text in blob.name and blob.name.endswith(ending)]
    assert len(names) == 1, names
    pathlib.Path(file).write_bytes(container.download_blob(names[0]).readall())
