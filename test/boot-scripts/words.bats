#!/usr/bin/env bats
# What all boot scripts share: notes, and files that are written whole.
load place
setup() { make_place; }
teardown() { remove_place; }

@test 'a file is replaced whole, with its mode, and nothing is left beside it' {
  run on_board '. /usr/lib/skiff/words.sh; echo old >$persist/f; echo new | write_whole $persist/f 0600; ls $persist; stat -c %a $persist/f; cat $persist/f'
  [ "$output" = $'f\nskiff\n600\nnew' ]
}

@test 'a file that cannot be written stays as it was' {
  run on_board '. /usr/lib/skiff/words.sh
    mount -t tmpfs -o size=64k tmpfs $persist && echo old >$persist/f && head -c 57344 /dev/zero >$persist/fill
    head -c 40000 /dev/zero | write_whole $persist/f 0644 && echo written
    ls $persist; cat $persist/f'
  [[ "$output" == *$'f\nfill\nold' ]]
  [[ "$output" != *written* ]]
}

@test 'a folder that is not there is no file written' {
  run on_board '. /usr/lib/skiff/words.sh; echo new | write_whole $persist/no/f 0644'
  [ "$status" -ne 0 ]
}

@test 'a note is one line of printable characters, and not a long one' {
  run on_board '. /usr/lib/skiff/words.sh; note topic problem "$(printf "bad\033[2J\nname\377") $(head -c 500 /dev/zero | tr "\0" x)" >/dev/null 2>&1
    wc -l <$state/notes/topic; LC_ALL=C tr -d " -~\n" <$state/notes/topic | wc -c; [ "$(wc -c <$state/notes/topic)" -le 260 ] && echo short; cut -c 1-20 $state/notes/topic'
  [ "$output" = $'1\n0\nshort\nproblem bad[2Jname x' ]
}

@test 'only a problem is a message of the day, and both are forgotten by topic' {
  run on_board '. /usr/lib/skiff/words.sh; note a ok fine >/dev/null; note b problem broken >/dev/null 2>&1; cat $state/motd; forget b; ls $state/notes'
  [ "$output" = $' !     b: broken\na' ]
}

@test 'of a large file 64 KiB are read, and of what is no file nothing' {
  run on_board '. /usr/lib/skiff/words.sh; head -c 100000 /dev/zero >$persist/f; mkfifo $persist/pipe
    read_bounded $persist/f | wc -c; read_bounded $persist/pipe; echo $?; read_bounded $persist; echo $?; read_bounded /dev/zero | wc -c'
  [ "$output" = $'65536\n1\n1\n0' ]
}

@test 'persist is there or writable as the boot found it' {
  run on_board '. /usr/lib/skiff/words.sh
    for each in rw ro none; do echo $each >$state/persist; persist_there && echo $each there; persist_writable && echo $each writable; done
    rm $state/persist; persist_there || echo no'
  [ "$output" = $'rw there\nrw writable\nro there\nno' ]
}
