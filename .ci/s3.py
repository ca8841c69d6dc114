"""Puts a folder into a bucket, makes a bucket, or gets an object of a period: what .ci/object-storage needs of S3."""
import pathlib
import sys

import boto3

endpoint, action, bucket, *rest = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint)
if action in ("put", "make"):
    s3.create_bucket(Bucket=bucket)
if action == "put":
    prefix, folder = rest[0], pathlib.Path(rest[1])
    for path in sorted(folder.rglob("*.parquet")):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())
if action == "get":
    period, name, target = rest
    keys = [item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for item in page.get("Contents", [])]
    key = max(key for key in keys if f"/{period}/runs/" in f"/{key}" and key.endswith("/" + name))
    pathlib.Path(target).write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
