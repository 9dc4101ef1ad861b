"""``warmup traffic read`` with what customers send: other encodings, workbooks, archives, folders of nothing."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from warmup.cli.group import run
from warmup.cli.main import cli


@pytest.fixture
def read(capsys, monkeypatch, tmp_path):
    """Runs the command in a folder; its exit code, the facts it found, and its errors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")

    def running(*args: object) -> tuple[int, dict, str]:
        code = run(cli, "warmup", ["traffic", "read", *map(str, args), "--format", "json"])
        out = capsys.readouterr()
        return code, json.loads(out.out) if out.out else {}, out.err

    return running


def streams(found: dict) -> dict[str, int]:
    return {row["stream"]: row["messages"] for row in found["streams"]}


def noted(found: dict) -> str:
    return "\n".join(note["text"] for note in found["notes"])


# --- Windows-1252 -----------------------------------------------------------------------------------------------------

TIDY = (
    "Date;Recipient Domain;Stream;Messages\r\n"
    "2026-03-01;gmail.com;Prämien;100\r\n"
    "2026-03-02;gmx.de;“Grüße” – 5 €;200\r\n"
    '2026-03-02;gmx.de;"zwei\r\nZeilen: ß";30\r\n'
    "2026-03-03;gmail.com;news;4\r\n"
)
SIX = {"Prämien": 100, "“Grüße” – 5 €": 200, "zwei\r\nZeilen: ß": 30, "news": 4}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_table_in_windows_1252_is_read_like_one_in_utf_8(read, tmp_path, pack):
    (tmp_path / "old.csv").write_bytes(pack(TIDY.encode("cp1252")))
    (tmp_path / "new.csv").write_bytes(pack(TIDY.encode()))
    code, old, _ = read(tmp_path / "old.csv")
    _, new, _ = read(tmp_path / "new.csv")
    assert (code, streams(old), streams(new)) == (0, SIX, SIX)
    assert "old.csv is not UTF-8 and was read as Windows-1252" in noted(old)
    assert "1252" not in noted(new)


def test_damage_in_a_table_in_windows_1252_is_named_with_its_line(read, tmp_path):
    damaged = TIDY.encode("cp1252").replace(b"Zeilen", b"Z\x81ilen")
    damaged += b"2026-03-04;gmail.com;news\r\n2026-03-05;gmail.com;news;5 St\xfcck\r\n"
    (tmp_path / "old.csv").write_bytes(damaged)
    _, _, err = read(tmp_path / "old.csv")
    assert [line.split(": ")[1] for line in err.splitlines()] == ["line 4", "line 7"]
    (tmp_path / "old.csv").write_bytes(TIDY.encode("cp1252") + b"2026-03-05;gmail.com;news;5 St\xfcck\r\n")
    _, _, err = read(tmp_path / "old.csv")
    assert "line 7: volume '5 Stück' is not a number" in err


def test_a_table_in_utf_8_with_a_damaged_line_is_none_in_windows_1252(read, tmp_path):
    text = TIDY.replace("zwei\r\n", "")
    (tmp_path / "t.csv").write_bytes(text.encode() + "2026-03-04;gmx.de;Grüße;1\r\n".encode("cp1252"))
    code, _, err = read(tmp_path / "t.csv")
    assert code == 2
    assert "t.csv: line 6: holds bytes that are not UTF-8; save the file as CSV UTF-8" in err


def test_headers_in_windows_1252_can_be_named(read, tmp_path):
    (tmp_path / "t.csv").write_bytes("Tag;Empfänger;Größe\n2026-03-01;gmail.com;7\n".encode("cp1252"))
    columns = ("--column", "date=Tag", "--column", "domain=Empfänger", "--column", "messages=Größe")
    _, found, err = read(tmp_path / "t.csv", *columns)
    assert (err, found["messages"]) == ("", 7)


def test_a_mailchimp_report_in_windows_1252(read, tmp_path):
    header = "Title,List,Send Date,Total Recipients,Successful Deliveries,Unique Id"
    (tmp_path / "r.csv").write_bytes(f'{header}\nMärz,Größe,"Mar 02, 2026 09:00 am",100,90,a1\n'.encode("cp1252"))
    _, found, err = read(tmp_path / "r.csv")
    assert (err, streams(found)) == ("", {"Größe": 100})
    assert "r.csv is not UTF-8" in noted(found)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_data_views_in_windows_1252(read, tmp_path, pack):
    sent = "JobID,SubscriberID,EventDate,Domain,ListID,BatchID\n"
    sent += "".join(f"1,{n},3/2/2026 9:00:00 AM,gmail.com,1,1\n" for n in range(300))
    (tmp_path / "_Sent.csv").write_text(sent)
    jobs = "JobID,EmailName\n" + "".join(f"{n},Grüße\n" for n in range(1, 300))
    (tmp_path / "_Job.csv").write_bytes(pack(jobs.encode("cp1252") + b"300,Gr\x81\xdfe\n"))
    _, found, err = read(tmp_path / "_Sent.csv", tmp_path / "_Job.csv")
    assert (err, streams(found)) == ("", {"Grüße": 300})
    assert "_Job.csv is not UTF-8" in noted(found)
    assert found["platforms"][0]["damaged_at"] == [{"file": str(tmp_path / "_Job.csv"), "line": 301}]


def recipients(number: int = 300) -> str:
    return "email;name;stream;last_click\n" + "".join(
        f"p{n}@gmail.com;Müller;Grüße;2026-03-01\n" for n in range(number)
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_list_of_recipients_in_windows_1252(read, tmp_path, pack):
    damaged = b"x@gmail.com;too;many;2026-03-01;values\ny@gmail.com;\x81;Gr\xfc\xdfe;2026-03-01\n"
    (tmp_path / "l.csv").write_bytes(pack(recipients().encode("cp1252") + damaged))
    _, found, err = read("--recipients", tmp_path / "l.csv", "--as-of", "2026-03-05")
    assert err == ""
    (row,) = found["recipients"]["tiers"]
    assert (row["stream"], row["engaged_0_30"]) == ("Grüße", 300)
    assert "l.csv is not UTF-8" in noted(found["recipients"])
    assert "2 damaged lines are left out, the first at line 302, 303" in noted(found["recipients"])


def test_parts_of_a_list_in_different_encodings(read, tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "a.csv").write_bytes(recipients().encode("cp1252") + b"x;y\n")
    (folder / "b.csv").write_bytes(recipients().encode() + b"x;y\n")
    _, found, err = read("--recipients", folder, "--as-of", "2026-03-05")
    assert (err, found["recipients"]["recipients"]) == ("", 600)
    assert "2 damaged lines are left out" in noted(found["recipients"])
    assert "a.csv line 302" in noted(found["recipients"])
    assert "b.csv line 302" in noted(found["recipients"])


def test_too_much_damage_in_a_list_in_windows_1252(read, tmp_path):
    lines = recipients(50).splitlines()
    lines[20] = lines[20].replace(";M", ';"M')
    (tmp_path / "l.csv").write_bytes("\n".join(lines).encode("cp1252"))
    code, _, err = read("--recipients", tmp_path / "l.csv", "--as-of", "2026-03-05")
    assert code == 2
    assert "damaged lines" in err
    assert "line 21" in err


# --- lines that end in different ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["2026-03-04;gmail.com;news;5\n", '2026-03-04;gmail.com;"two\nlines";5\r\n'])
def test_lines_may_end_in_different_ways(read, tmp_path, last):
    (tmp_path / "t.csv").write_bytes((TIDY + last).encode())
    _, found, err = read(tmp_path / "t.csv")
    assert (err, found["messages"]) == ("", 339)
    (tmp_path / "t.csv").write_bytes((TIDY + last + "2026-03-05;gmail.com;news;many\r\n").encode())
    _, _, err = read(tmp_path / "t.csv")
    assert f"t.csv: line {7 + last.count(chr(10))}: volume 'many' is not a number" in err


# --- workbooks --------------------------------------------------------------------------------------------------------

TITLE = [["Sending report"], ["for the new IPs"], [], ["made by", "the data team"]]
DAYS = [["date", "recipient_domain", "stream", "messages"], ["2026-03-01", "gmail.com", "news", 7]]
LIST = [["email", "stream", "last_click"], ["a@gmail.com", "news", "2026-03-01"], ["b@gmail.com", "news", "never"]]


@pytest.fixture
def workbook(tmp_path):
    """Writes a workbook of sheets, each a list of rows."""
    openpyxl = pytest.importorskip("openpyxl")

    def write(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "book.xlsx")
        return tmp_path / "book.xlsx"

    return write


@pytest.mark.parametrize("before", [[], TITLE])
def test_the_table_of_a_workbook_may_stand_on_any_sheet(read, workbook, before):
    code, found, err = read(workbook(Cover=before, Data=[["Days"], [], *DAYS], Notes=[["see the cover"]]))
    assert (code, err, found["messages"]) == (0, "", 7)
    assert f"Only the sheet 'Data' was read, not {'' if not before else repr('Cover') + ', '}'Notes'." in noted(found)


def test_one_sheet_is_nothing_to_speak_of(read, workbook):
    _, found, _ = read(workbook(Data=DAYS, Empty=[]))
    assert "sheet" not in noted(found)


def test_several_tables_in_a_workbook_are_told_apart_by_the_customer(read, workbook):
    code, _, err = read(workbook(Cover=TITLE, January=DAYS, February=DAYS))
    assert (code, err.count("\n")) == (2, 1)
    assert "has tables on 2 sheets: 'January', 'February'; save each that is meant as a CSV file" in err


def test_columns_that_are_not_known_are_those_of_the_fullest_sheet(read, workbook):
    rows = [["Tag", "Domain des Empfängers", "Anzahl"], *(["2026-03-01", f"{n}.example.com", 5] for n in range(9))]
    path = workbook(Cover=TITLE, Data=rows)
    code, _, err = read(path)
    assert code == 2
    assert "book.xlsx (sheet 'Data'): has no column 'date'; its columns are 'Tag', " in err
    columns = ("--column", "date=Tag", "--column", "domain=Domain des Empfängers", "--column", "messages=Anzahl")
    _, found, err = read(path, *columns)
    assert (err, found["messages"]) == ("", 45)


def test_a_damaged_row_of_a_sheet_is_named_as_the_sheet_numbers_it(read, workbook):
    rows = [["Days"], *DAYS, [], [], ["2026-03-02", "gmail.com", "news", "many"]]
    _, _, err = read(workbook(Cover=TITLE, Data=rows))
    assert "book.xlsx (sheet 'Data'): row 6: volume 'many' is not a number" in err


def test_recipients_on_the_second_sheet(read, workbook):
    _, found, err = read("--recipients", workbook(Cover=TITLE, People=LIST), "--as-of", "2026-03-05")
    assert (err, found["recipients"]["recipients"]) == ("", 2)
    assert "Only the sheet 'People' was read, not 'Cover'." in noted(found["recipients"])


# --- archives, and folders of nothing ---------------------------------------------------------------------------------


def packed_as(kind: str, folder: Path) -> Path:
    """A table in an archive."""
    inside = folder / "days.csv"
    inside.write_text(TIDY)
    path = folder / f"export.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(inside, "exports/days.csv")
    else:
        with tarfile.open(path, "w:gz" if kind == "tgz" else "w") as archive:
            archive.add(inside, "exports/days.csv")
    inside.unlink()
    return path


SAYS = {
    "zip": "is a zip archive of 1 file ('exports/days.csv'); unpack it, and give the folder",
    "tar": "is a tar archive; unpack it, and give the folder",
    "tgz": "is a tar archive; unpack it, and give the folder",
}


@pytest.mark.parametrize("kind", SAYS)
@pytest.mark.parametrize("before", [(), ("--platform", "tidy"), ("--platform", "mailchimp"), ("--recipients",)])
def test_an_archive_is_to_be_unpacked(read, tmp_path, kind, before):
    path = packed_as(kind, tmp_path)
    code, _, err = read(*before, path)
    assert (code, err) == (2, f"{path}: {SAYS[kind]}\n")


def test_other_packings_are_named(read, tmp_path):
    for data, what in ((bz2.compress(TIDY.encode()), "bzip2"), (lzma.compress(TIDY.encode()), "xz")):
        (tmp_path / "x").write_bytes(data)
        _, _, err = read(tmp_path / "x")
        assert f"is packed with {what}; unpack it, or pack it with gzip or zstd" in err


def test_an_archive_beside_exports_is_named(read, tmp_path):
    packed_as("zip", tmp_path)
    (tmp_path / "days.csv").write_text(TIDY)
    _, found, err = read(tmp_path)
    assert (err, found["messages"]) == ("", 334)
    assert "export.zip: is a zip archive" in noted(found)


def test_a_folder_of_archives_only(read, tmp_path):
    folder = tmp_path / "exports"
    folder.mkdir()
    packed_as("zip", folder)
    packed_as("tgz", folder)
    code, _, err = read(folder)
    assert (code, err.count("is a zip archive"), err.count("is a tar archive")) == (2, 1, 1)


def test_a_folder_without_files(read, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = read(tmp_path / "empty")
    assert (code, err.count("\n")) == (2, 1)
    assert "is a folder without files; check whether the exports lie elsewhere" in err


def test_a_folder_of_what_nobody_knows(read, tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.txt").write_text("hello")
    (folder / "b.bin").write_bytes(bytes(range(256)))
    code, _, err = read(folder)
    assert (code, err.count("\n")) == (2, 1)
    assert "holds 2 files and no export that is known: '" in err
    assert "--platform NAME" in err


def test_a_scenario_that_names_an_archive(capsys, tmp_path):
    packed_as("zip", tmp_path)
    (tmp_path / "s.toml").write_text(
        'customer = "A"\nstart = 2030-05-05\nhistory = "export.zip"\n'
        '[[pools]]\nname = "m"\nip_count = 1\n[[streams]]\nname = "news"\n'
    )
    assert run(cli, "warmup", ["plan", str(tmp_path / "s.toml"), "-o", str(tmp_path / "out")]) == 2
    assert "export.zip: is a zip archive of 1 file" in capsys.readouterr().err


# --- what was meant ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("sendgrid", "did you mean sendgrid-events or sendgrid-stats?"),
        ("Salesforce", "did you mean sfmc?"),
        ("SparkPost", "did you mean sparkpost-events or sparkpost-metrics?"),
        ("mailgun-event", "did you mean mailgun-events?"),
        ("powermat", "did you mean powermta?"),
        ("zzz", "is none of bird-events, "),
    ],
)
def test_a_platform_that_is_not_known_names_those_that_are_near(read, tmp_path, said, meant):
    (tmp_path / "t.csv").write_text(TIDY)
    code, _, err = read("--platform", said, tmp_path / "t.csv")
    assert (code, meant in err) == (2, True), err


def test_a_file_of_another_platform_than_said(read, tmp_path):
    header = "Title,List,Send Date,Total Recipients,Successful Deliveries,Unique Id"
    (tmp_path / "r.csv").write_text(f'{header}\nMarch,Main,"Mar 02, 2026 09:00 am",100,90,a1\n')
    code, _, err = read("--platform", "powermta", tmp_path / "r.csv")
    assert code == 2
    assert (
        "r.csv: looks like Mailchimp: campaign report (CSV) and domain performance (API); leave --platform out" in err
    )


@pytest.mark.parametrize("column", ["email", "email_sha256", "hashed_email", "MD5 Hash"])
def test_hashed_addresses_have_no_domain(read, tmp_path, column):
    rows = "".join(f"{hashlib.sha256(bytes([n])).hexdigest()},2026-03-01\n" for n in range(50))
    (tmp_path / "l.csv").write_text(f"{column},last_click\n{rows}")
    code, _, err = read("--recipients", tmp_path / "l.csv", "--as-of", "2026-03-05")
    assert (code, err.count("\n")) == (2, 1)
    assert "addresses that are hashed have none: ask for a column recipient_domain" in err
