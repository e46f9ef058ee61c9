"""Actions: each removes one form of data from the bytes of one artefact and proves it on the result.

The law of the room:

- An action gets bytes and gives bytes. It opens, writes and replaces nothing in any place.
- The first name of a finding's path stands for the artefact that an action is given; further names are parts
  inside it. Who hands over a member of an archive takes the outer names off (`Locator.path[1:]`).
- It raises RemovalError when it cannot do all that it was asked for; then nothing of its work is of use.
- Applied a second time to its own result it changes nothing.
- Nothing beside the findings changes: other rows, members, values and pixels come out as they went in.
- `None` stands for "nothing of the artefact is to stay".
"""
